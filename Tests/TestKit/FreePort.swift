// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Ports for servers of tests.
public enum FreePort {
    private static let given = Mutex<Set<Int>>([])

    /// A TCP port on 127.0.0.1 that is free, and as many after it. They lie below those that the system
    /// gives to outgoing connections, and no port is given to two tests of one run.
    public static func take(count: Int = 1) -> Int {
        while true {
            let first = Int.random(in: 10_000..<20_000)
            let wanted = first..<first + count
            let isNew = given.withLock { given in
                guard given.isDisjoint(with: wanted) else { return false }
                given.formUnion(wanted)
                return true
            }
            if isNew, wanted.allSatisfy(isFree) { return first }
        }
    }

    private static func isFree(_ port: Int) -> Bool {
        let probe = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(probe) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(probe, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        } == 0
    }
}
