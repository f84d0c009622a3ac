// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Identifiers
internal import KeyProtocol
internal import ServiceKit

#if canImport(Glibc)
    internal import Glibc
#endif

/// What a virtual reader says (PROTOCOL 20).
///
/// ```text
/// both ways: length(2, big-endian) || bytes
/// 00 off, 01 on, 02 reset: no answer   04: answer ATR   longer: command, answer response
/// 6A 02 …: polling frame, no answer (no command has the class 6A)
/// ```
enum ReaderFrame: Equatable {
    case powerOff, powerOn, reset
    case atrRequest
    case command([UInt8])
    /// A polling frame; none when it was damaged on the way.
    case announcement(PollingFrame?)

    /// Bytes of the longest command that is read; APDUs of this protocol have at most 261.
    static let limit = 4096
    /// Answer to reset of a phone.
    static let atr: [UInt8] = [0x3B, 0x80, 0x80, 0x01, 0x01]

    init(_ bytes: [UInt8]) throws(PhoneHostError) {
        guard bytes.count < 2 else {
            let isAnnouncement = bytes.starts(with: [0x6A, 0x02])
            self =
                isAnnouncement
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
///
/// Its calls block; a tap is one process or one thread.
final class ReaderLink {
    /// What came, or that nothing did.
    enum Event: Equatable {
        case frame(ReaderFrame)
        /// Nothing arrived until the time asked for.
        case silence
        /// The reader closed the connection, in the middle of a frame or not.
        case closed
    }

    private let file: Int32
    private var buffer: [UInt8] = []

    private init(file: Int32) { self.file = file }

    deinit { close(file) }

    /// Goes into the field of the reader at `address`.
    static func connect(to address: ListenAddress) throws -> ReaderLink {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address.host, "\(address.port)", &hints, &list) == 0 else {
            throw PhoneHostError.noReader(address.description)
        }
        defer { freeaddrinfo(list) }
        var entry = list
        while let candidate = entry?.pointee {
            let file = socket(
                candidate.ai_family, candidate.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
            if file >= 0 {
                let link = ReaderLink(file: file)
                if Glibc.connect(file, candidate.ai_addr, candidate.ai_addrlen) == 0 {
                    return link
                }
            }
            entry = candidate.ai_next
        }
        throw PhoneHostError.noReader(address.description)
    }

    /// The next event; waits for it at most until `deadline`.
    func next(until deadline: ContinuousClock.Instant) throws -> Event {
        while true {
            if let frame = try takeFrame() { return .frame(frame) }
            let rest = max(.zero, deadline - .now)
            let milliseconds = Int32(min(60_000, (rest / .milliseconds(1)).rounded(.up)))
            var entry = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
            let ready = poll(&entry, 1, milliseconds)
            if ready < 0 && errno != EINTR { return .closed }
            if ready == 0 && ContinuousClock.now >= deadline { return .silence }
            if ready > 0, try !receive() { return .closed }
        }
    }

    /// Answers with one frame, in one write.
    func send(_ bytes: [UInt8]) -> Bool {
        let frame = UInt16(clamping: bytes.count).bigEndianBytes + bytes
        var rest = frame[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(file, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
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

    /// False when the other end closed.
    private func receive() throws -> Bool {
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = recv(file, &bytes, bytes.count, 0)
        guard count > 0 else { return count < 0 && errno == EINTR }
        buffer += bytes.prefix(count)
        // The reader writes length and body apart: without this each APDU waits 40 ms for an ACK.
        var on: Int32 = 1
        setsockopt(file, Int32(IPPROTO_TCP), TCP_QUICKACK, &on, socklen_t(MemoryLayout<Int32>.size))
        return true
    }
}
