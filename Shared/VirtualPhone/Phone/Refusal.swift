// SPDX-License-Identifier: Apache-2.0

internal import KeyCrypto
internal import KeyProtocol

/// A command that ends in a status word other than 9000 and 61xx.
struct Refusal: Error, Equatable {
    let status: StatusWord
    /// Why, for the user of the phone, where the car's own reason would not tell.
    let reason: String?

    init(_ status: StatusWord, because reason: String? = nil) {
        self.status = status
        self.reason = reason
    }

    /// The answer to a protected command that could not be opened (PROTOCOL 6.2, 6.3).
    init(opening error: CryptoError) {
        self.init(error == .closed ? .conditionsNotMet : .channel)
    }
}

/// What one INS of an application asks of the header, checked in the order of PROTOCOL 2.1.
struct CommandRule: Sendable {
    let cla: UInt8
    /// Whether P1 and P2 are allowed.
    var parameters: @Sendable (UInt8, UInt8) -> Bool = { $0 == 0 && $1 == 0 }
    /// Bytes of data where the size is fixed.
    var size: Int?

    func check(_ command: CommandAPDU) throws(Refusal) {
        guard command.cla == cla else { throw Refusal(.wrongClass) }
        guard parameters(command.p1, command.p2) else { throw Refusal(.wrongParameters) }
        guard size == nil || size == command.data.count else { throw Refusal(.wrongLength) }
    }
}
