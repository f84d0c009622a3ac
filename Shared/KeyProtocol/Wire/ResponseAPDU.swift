// SPDX-License-Identifier: Apache-2.0

/// A response: body (at most 256 bytes), then the status word (PROTOCOL 2.1).
///
/// ```text
/// body SW1 SW2
/// ```
public struct ResponseAPDU: Hashable, Sendable {
    /// Empty in error responses.
    public var body: [UInt8]
    /// How the command ended.
    public var status: StatusWord

    /// A response.
    public init(_ body: [UInt8] = [], status: StatusWord = .done) {
        self.body = body
        self.status = status
    }

    /// Reads 2...258 bytes.
    public init(parsing bytes: [UInt8]) throws(ProtocolError) {
        guard (2...258).contains(bytes.count) else { throw .length }
        let word = bytes.suffix(2).reduce(UInt16(0)) { $0 << 8 | UInt16($1) }
        self.init(Array(bytes.dropLast(2)), status: StatusWord(rawValue: word))
    }

    /// The bytes on the wire.
    public var encoded: [UInt8] { body + status.bytes }
}
