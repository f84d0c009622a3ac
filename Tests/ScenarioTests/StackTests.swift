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
            let port = LatchkeyProgram.basePort

            let first = try program.up(basePort: port)
            try await program.untilReady()
            let added = try await program.run("vehicle", "add", "--vin", "LKY00000000000007")
            #expect(added.code == 0, "\(added.text)")
            let down = try await program.run("down")
            #expect(down.code == 0)
            try await eventually(within: .seconds(20)) { !first.isRunning }
            #expect(first.terminationStatus == 0)
            let status = try await program.run("status")
            #expect(status.code == 1)

            let second = try program.up(basePort: port)
            try await program.untilReady()
            let resumed = try await program.run("vehicle", "list")
            #expect(resumed.text.contains("LKY00000000000007"))
            kill(second.processIdentifier, SIGKILL)
            try await eventually(within: .seconds(20)) { !second.isRunning }

            let third = try program.up(basePort: port)
            try await program.untilReady()
            let list = try await program.run("vehicle", "show", "LKY00000000000007")
            #expect(list.code == 0 && list.text.contains("unpaired"), "\(list.text)")
            // It is up anyway, so a foreign phone comes to its car.
            let foreign = ForeignPhone(
                program: program, vin: "LKY00000000000007", basePort: port)
            try await foreign.pairAndTap()
            try await foreign.playExported()
            let sockets = try program.sockets()
            try await program.down(third)
            #expect(!FileManager.default.fileExists(atPath: sockets.path), "nothing is left behind")
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

        @Test(arguments: [SIGHUP, SIGKILL])
        func `a start that is interrupted or killed can be repeated and leaves nothing running`(
            by signal: Int32
        ) async throws {
            let program = try LatchkeyProgram()
            defer { program.clean() }
            let port = LatchkeyProgram.basePort
            let first = try program.up(basePort: port)
            try await eventually(within: .seconds(20)) {
                try String(contentsOf: program.output, encoding: .utf8).contains("certificates")
            }
            let other = try await program.run("up", "--base-port", "\(port)")
            #expect(other.code == 1 && other.text.contains("is being started"), "\(other.text)")
            kill(first.processIdentifier, signal)
            try await eventually(within: .seconds(20)) { !first.isRunning }
            if signal == SIGHUP {
                #expect(first.terminationStatus == 0)
                #expect(Self.processes(of: program.state) == [])
            }

            let second = try program.up(basePort: port)
            try await program.untilReady()
            try await program.down(second)
            #expect(Self.processes(of: program.state) == [])
        }

        /// Command lines of processes that a stack in `state` has started.
        private static func processes(of state: URL) -> [String] {
            let mark = Data("LATCHKEY_STACK=\(state.path)".utf8)
            let numbers = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
            return numbers.compactMap { number in
                let data = FileManager.default.contents(atPath: "/proc/\(number)/environ") ?? Data()
                guard data.split(separator: 0).contains(mark) else { return nil }
                let words = FileManager.default.contents(atPath: "/proc/\(number)/cmdline")
                return String(decoding: words ?? Data(), as: UTF8.self)
            }
        }

        @Test func `exported certificates hold what services read and no authority's key`()
            async throws
        {
            let program = try LatchkeyProgram()
            defer { program.clean() }
            let out = program.state.appending(path: "pki").path
            let export = ["pki", "export", "--environment", "testing", "--out", out]
            let made = try await program.run(
                export + ["--host", "car.example", "--host", "10.1.2.3"])
            #expect(made.code == 0, "\(made.text)")
            let files = try FileManager.default.contentsOfDirectory(atPath: out).sorted()
            #expect(
                files == [
                    "app-token.pem", "client.key", "client.pem", "encryption.key",
                    "encryption.pem", "intermediates.pem", "root.pem", "server.key", "server.pem",
                    "signature.key", "signature.pem", "tls-root.pem",
                ])
            let root = try Data(contentsOf: URL(fileURLWithPath: out + "/root.pem"))
            let again = try await program.run(export)
            #expect(again.code == 0, "\(again.text)")
            #expect(try Data(contentsOf: URL(fileURLWithPath: out + "/root.pem")) == root)
            let other = try await program.run("pki", "export", "--out", out)
            #expect(other.code == 1)
            #expect(other.text.contains("--environment"), "\(other.text)")
        }

        private static let share = [
            "phone", "share", "alice", "--friend", "bob", "--level", "Valet",
        ]

        @Test(arguments: [
            (["vehicle", "list", "--gateway", "nowhere"], "--gateway takes host:port"),
            (["vehicle", "list"], "no stack runs"), (["status"], "no stack runs"),
            (["down"], "no stack runs"),
            (["vehicle", "add", "--vin", "SHORT"], "17 characters"),
            (["up", "--readers", "none"], "--readers takes latchkey or vpcd"),
            (["phone", "tap", "nobody", "--reader", "127.0.0.1:1"], "nobody"),
            (["phone", "revoke", "alice"], "name --key or --friend"),
            (["vehicle", "code", "Roadster", "12"], "six digits"),
            (share + ["--from", "soon"], "--from takes 2027-01-01"),
            (share + ["--from", "2099-01-02", "--until", "2099-01-01"], "not after --from"),
            (["trace", "replay", "a", "--phone", "b", "--reader", "c"], "not both"),
            (["trace", "replay", "/no/such/file"], "cannot read /no/such/file"),
            (["device-oem", "import", "/no/such/file"], "no such file or folder\nhint:"),
            (["device-oem", "export", "--out", "/no/such/file"], "hint: --out"),
            (["device-oem", "serve", "--address", "nowhere"], "host:port"),
            (["pki", "export", "--out", "/dev/null/x"], "hint:"),
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
