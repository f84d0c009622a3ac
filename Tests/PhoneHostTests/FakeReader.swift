// SPDX-License-Identifier: Apache-2.0

import Foundation
import ServiceKit

/// The reader's end of PROTOCOL 20: listens, and speaks to the phone that comes.
final class FakeReader: @unchecked Sendable {
    private let listener: Int32
    // Only the thread of the script uses it.
    private var phone: Int32 = -1
    let port: Int

    init() throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let file = listener
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(file, $0, size) == 0 && listen(file, 4) == 0
                    && getsockname(file, $0, &size) == 0
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        guard isBound else { throw POSIXError(.EADDRINUSE) }
    }

    deinit {
        close(listener)
        if phone >= 0 { close(phone) }
    }

    var address: ListenAddress { ListenAddress(host: "127.0.0.1", port: port) }

    /// Runs `script` on a thread of its own once a phone has come.
    func start(_ script: @escaping @Sendable (FakeReader) -> Void) {
        Thread.detachNewThread { [self] in
            phone = accept(listener, nil, nil)
            script(self)
        }
    }

    /// Sends bytes as they are.
    func sendRaw(_ bytes: [UInt8]) { _ = send(phone, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }

    /// Sends one frame, length and body apart as vpcd does.
    func sendFrame(_ bytes: [UInt8]) {
        sendRaw([UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)])
        sendRaw(bytes)
    }

    /// Sends a frame and waits for the answer.
    func ask(_ bytes: [UInt8]) -> [UInt8] {
        sendFrame(bytes)
        let length = receive(2)
        return receive(length.reduce(0) { $0 << 8 | Int($1) })
    }

    /// The next phone that comes.
    func acceptNext() {
        close(phone)
        phone = accept(listener, nil, nil)
    }

    func leave() { shutdown(phone, Int32(SHUT_RDWR)) }

    func receive(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let read = bytes.withUnsafeMutableBytes {
                recv(phone, $0.baseAddress.map { $0 + done }, count - done, 0)
            }
            guard read > 0 else { return [] }
            done += read
        }
        return bytes
    }
}
