// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyProtocol
internal import ServiceKit

/// What a virtual reader says (PROTOCOL 20).
///
/// ```text
/// both ways: length(2, big-endian) || bytes
/// 00 off, 01 on, 02 reset: no answer   04: answer ATR   longer: command, answer response
/// 6A 02 … with a good checksum: polling frame, no answer
/// ```
enum ReaderFrame: Equatable {
    case powerOff, powerOn, reset
    case atrRequest
    case command([UInt8])
    /// A polling frame; none when it is of a kind nobody here knows.
    case announcement(PollingFrame?)

    /// Bytes of the longest command that is read; APDUs of this protocol have at most 261.
    static let limit = 4096
    /// Answer to reset of a phone.
    static let atr: [UInt8] = [0x3B, 0x80, 0x80, 0x01, 0x01]

    init(_ bytes: [UInt8]) throws(PhoneHostError) {
        guard bytes.count < 2 else {
            self =
                PollingFrame.isIntact(bytes)
                ? .announcement(try? PollingFrame(parsing: bytes)) : .command(bytes)
            return
        }
        switch bytes.first {
        case 0x00: self = .powerOff
        case 0x01: self = .powerOn
        case 0x02: self = .reset
        case 0x04: self = .atrRequest
        case let byte?: throw .readerFrame("the single byte \([byte].hex)")
        case nil: throw .readerFrame("a frame without content")
        }
    }
}

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
    private var buffer: [UInt8] = []

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
            case .bytes(let bytes): buffer += bytes
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
        var reader = ByteReader(buffer)
        guard let length = try? reader.readInteger(UInt16.self) else { return nil }
        guard Int(length) <= ReaderFrame.limit else {
            throw PhoneHostError.readerFrame("\(length) bytes at once")
        }
        guard let bytes = try? reader.read(Int(length)) else { return nil }
        buffer = reader.readRest()
        return try ReaderFrame(bytes)
    }
}
