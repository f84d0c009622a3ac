// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestKit
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// `latchkey up` as a user meets it.
extension Scenarios {
    @Suite struct StackTests {
        @Test
        func `a stack comes back with all its data after it was stopped and after it was killed`()
            async throws
        {
            let program = try LatchkeyProgram()
            defer { program.clean() }
            let port = 23_000 + Int(getpid()) % 200 * 40

            let first = try program.up(basePort: port)
            try await ready(program)
            let added = try await program.run("vehicle", "add", "--vin", "LKY00000000000007")
            #expect(added.code == 0, "\(added.text)")
            let down = try await program.run("down")
            #expect(down.code == 0)
            try await eventually(within: .seconds(20)) { !first.isRunning }
            #expect(first.terminationStatus == 0)
            let status = try await program.run("status")
            #expect(status.code == 1)

            let second = try program.up(basePort: port)
            try await ready(program)
            let resumed = try await program.run("vehicle", "list")
            #expect(resumed.text.contains("LKY00000000000007"))
            kill(second.processIdentifier, SIGKILL)
            try await eventually(within: .seconds(20)) { !second.isRunning }

            let third = try program.up(basePort: port)
            try await ready(program)
            let list = try await program.run("vehicle", "show", "LKY00000000000007")
            #expect(list.code == 0 && list.text.contains("unpaired"), "\(list.text)")
            // It is up anyway, so a foreign phone comes to its car.
            let foreign = ForeignPhone(
                program: program, vin: "LKY00000000000007", basePort: port)
            try await foreign.pairAndTap()
            try await foreign.playExported()
            let end = try await program.run("down")
            #expect(end.code == 0)
            try await eventually(within: .seconds(20)) { !third.isRunning }
        }

        @Test func `a port in use gives one clear line and nothing is left running`() async throws {
            let program = try LatchkeyProgram()
            defer { program.clean() }
            let listener = try PortHolder()
            let output = try await program.run("up", "--base-port", "\(listener.port - 1)")
            #expect(output.code != 0)
            #expect(output.text.contains("port \(listener.port)"))
            #expect(output.text.contains("hint:"))
        }

        @Test(arguments: [
            (["vehicle", "list"], "no stack runs"), (["status"], "no stack runs"),
            (["down"], "no stack runs"),
            (["vehicle", "add", "--vin", "SHORT"], "17 characters"),
            (["phone", "tap", "nobody", "--reader", "127.0.0.1:1"], "nobody"),
        ])
        func `a command that cannot work says why in words`(arguments: [String], words: String)
            async throws
        {
            let program = try LatchkeyProgram()
            defer { program.clean() }
            let output = try await program.run(arguments)
            #expect(output.code != 0)
            #expect(output.text.contains(words), "\(output.text)")
        }

        /// Waits until the stack is up; what it printed tells why it is not.
        private func ready(_ program: LatchkeyProgram) async throws {
            do {
                try await isReady(program)
            } catch {
                let printed = try? String(contentsOf: program.output, encoding: .utf8)
                Issue.record("\(error); latchkey up printed: \(printed ?? "nothing")")
                throw error
            }
        }

        private func isReady(_ program: LatchkeyProgram) async throws {
            try await eventually(within: .seconds(60)) {
                try await program.run("status").code == 0
            }
        }
    }
}

/// A loopback port that is taken.
final class PortHolder {
    let port: Int
    private let descriptor: Int32

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        port = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(descriptor, $0, size)
                _ = listen(descriptor, 1)
                getsockname(descriptor, $0, &size)
            }
            return Int(UInt16(bigEndian: pointer.pointee.sin_port))
        }
    }

    deinit { close(descriptor) }
}
