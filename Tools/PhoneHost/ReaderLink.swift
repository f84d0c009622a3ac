// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import ServiceKit
internal import VirtualPhone

/// The connection of a phone to a virtual reader: while it is open the phone is in the field.
final class ReaderLink {
    /// What came, or that nothing did.
    enum Event: Equatable {
        case frame(ReaderFrame)
        /// Nothing arrived until the time asked for.
        case silence
        /// The reader closed the connection, in the middle of a frame or not.
        case closed
    }

    private let link: TCPLink
    private var buffer = ReaderBuffer()

    private init(_ link: TCPLink) { self.link = link }

    /// Goes into the field of the reader at `address`.
    static func connect(to address: ListenAddress) throws -> ReaderLink {
        ReaderLink(try TCPLink.connect(to: address, else: .noReader(address.description)))
    }

    /// The next event; waits for it at most until `deadline`.
    func next(until deadline: ContinuousClock.Instant) throws -> Event {
        while true {
            if let frame = try takeFrame() { return .frame(frame) }
            switch link.next(until: deadline) {
            case .bytes(let bytes): buffer.append(bytes)
            case .silence: return .silence
            case .closed: return .closed
            }
        }
    }

    /// Answers with one frame, in one write.
    func send(_ bytes: [UInt8]) -> Bool {
        link.send(UInt16(clamping: bytes.count).bigEndianBytes + bytes)
    }

    private func takeFrame() throws -> ReaderFrame? {
        do throws(ReaderFrame.Refusal) {
            return try buffer.next()
        } catch { throw PhoneHostError.readerFrame("\(error)") }
    }
}
