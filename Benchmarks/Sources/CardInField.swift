// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// The phone's end of a virtual reader (PROTOCOL 20): answers each command with what `role` says.
///
/// ```text
/// both ways: length(2, big-endian) || bytes
/// 00 off, 01 on, 02 reset: no answer   04: answer ATR   longer: command APDU, answer response APDU
/// 6A 02 …: polling frame, no answer
/// ```
final class CardInField: Sendable {
    /// Who answers.
    struct Role: Sendable {
        var respond: @Sendable ([UInt8]) -> [UInt8]
        var fieldLost: @Sendable () -> Void = {}
    }

    private let role: Mutex<Role>
    private let file: Int32

    init(port: UInt16, _ role: Role) throws {
        self.role = Mutex(role)
        file = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw BenchmarkError("no virtual reader on port \(port)") }
        Thread { self.serve() }.start()
    }

    /// From now on somebody else answers.
    func play(_ role: Role) { self.role.withLock { $0 = role } }

    /// Leaves the field.
    func leave() { shutdown(file, Int32(SHUT_RDWR)) }

    private func serve() {
        while let length = read(2), let frame = read(Int(length[0]) << 8 | Int(length[1])) {
            let role = role.withLock { $0 }
            switch frame.count {
            case 1 where frame == [4]: send([0x3B, 0x80, 0x80, 0x01, 0x01])
            case 0...1: role.fieldLost()
            case _ where frame.starts(with: [0x6A, 0x02]): break
            default: send(role.respond(frame))
            }
        }
        close(file)
    }

    private func read(_ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                recv(file, buffer.baseAddress.map { $0 + done }, count - done, 0)
            }
            guard got > 0 else { return nil }
            done += got
            // The reader writes length and body apart: without this each waits 40 ms for an ACK.
            var on: Int32 = 1
            setsockopt(file, Int32(IPPROTO_TCP), TCP_QUICKACK, &on, 4)
        }
        return bytes
    }

    private func send(_ bytes: [UInt8]) {
        let frame = [UInt8(bytes.count >> 8 & 0xFF), UInt8(bytes.count & 0xFF)] + bytes
        _ = Glibc.send(file, frame, frame.count, Int32(MSG_NOSIGNAL))
    }
}
