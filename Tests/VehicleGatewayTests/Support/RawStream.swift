// SPDX-License-Identifier: Apache-2.0

import Foundation
import KeyProtocol
import TestKit

#if canImport(Glibc)
    import Glibc
#endif

/// A client of a car's radio that may send anything; its calls block.
final class RawStream: @unchecked Sendable {
    private let file: Int32
    private var buffer = StreamBuffer()

    init(port: Int) throws {
        file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        guard isConnected else { throw POSIXError(.ECONNREFUSED) }
    }

    /// Waits until somebody listens on `port`.
    static func untilOpen(_ port: Int) async throws {
        try await eventually("a radio on \(port)") { (try? RawStream(port: port)) != nil }
    }

    deinit { close(file) }

    func send(_ bytes: [UInt8]) {
        _ = Glibc.send(file, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    func send(_ frame: StreamFrame) { send(frame.encoded) }

    /// The next frame; none when the car closed the connection.
    func next() throws -> StreamFrame? {
        while true {
            if let frame = try buffer.next() { return frame }
            var bytes = [UInt8](repeating: 0, count: 1024)
            let count = recv(file, &bytes, bytes.count, 0)
            if count < 0 && errno == EAGAIN { throw POSIXError(.ETIMEDOUT) }
            guard count > 0 else { return nil }
            buffer.append(Array(bytes.prefix(count)))
        }
    }

    /// Whether the car closes the connection, whatever it says before.
    func isClosed() throws -> Bool {
        while try next() != nil {}
        return true
    }
}
