// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import ServiceKit

#if canImport(Glibc)
    internal import Glibc
#endif

/// A TCP connection whose calls block; a tap is one process or one thread.
final class TCPLink {
    /// What came, or that nothing did.
    enum Event: Equatable {
        case bytes([UInt8])
        /// Nothing arrived until the time asked for.
        case silence
        case closed
    }

    private let file: Int32

    private init(file: Int32) { self.file = file }

    deinit { close(file) }

    /// Connects to `address`; throws `unreachable` when nobody listens there.
    static func connect(
        to address: ListenAddress, else unreachable: PhoneHostError
    ) throws(PhoneHostError) -> TCPLink {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address.host, "\(address.port)", &hints, &list) == 0 else {
            throw unreachable
        }
        defer { freeaddrinfo(list) }
        var entry = list
        while let candidate = entry?.pointee {
            let file = socket(
                candidate.ai_family, candidate.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
            if file >= 0 {
                let link = TCPLink(file: file)
                if Glibc.connect(file, candidate.ai_addr, candidate.ai_addrlen) == 0 {
                    return link
                }
            }
            entry = candidate.ai_next
        }
        throw unreachable
    }

    /// The next bytes; waits for them at most until `deadline`.
    func next(until deadline: ContinuousClock.Instant) -> Event {
        while true {
            let rest = max(.zero, deadline - .now)
            let milliseconds = Int32(min(60_000, (rest / .milliseconds(1)).rounded(.up)))
            var entry = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
            let ready = poll(&entry, 1, milliseconds)
            if ready < 0 && errno != EINTR { return .closed }
            if ready == 0 && ContinuousClock.now >= deadline { return .silence }
            if ready > 0, let event = receive() { return event }
        }
    }

    /// Sends all bytes in one write; false when the other end is gone.
    func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(file, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// None when a signal came between.
    private func receive() -> Event? {
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = recv(file, &bytes, bytes.count, 0)
        guard count > 0 else { return count < 0 && errno == EINTR ? nil : .closed }
        // vpcd writes length and body apart: without this each APDU waits 40 ms for an ACK.
        var on: Int32 = 1
        setsockopt(file, Int32(IPPROTO_TCP), TCP_QUICKACK, &on, socklen_t(MemoryLayout<Int32>.size))
        return .bytes(Array(bytes.prefix(count)))
    }
}
