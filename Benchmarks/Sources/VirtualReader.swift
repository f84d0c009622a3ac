// SPDX-License-Identifier: Apache-2.0

import Foundation
import PCSC

/// A reader of the private pcscd.
struct VirtualReader {
    /// Where the phone's end of the reader listens.
    let port: UInt16
    /// The name PC/SC gives it.
    let name: String
}

/// A pcscd of this process alone with one virtual reader of each driver.
final class PrivateReaders {
    /// The driver of vsmartcard.
    private(set) var polled = VirtualReader(port: 0, name: "")
    /// Our own driver.
    private(set) var eventDriven = VirtualReader(port: 0, name: "")
    private let folder: URL
    private let process = Process()

    init() async throws {
        let port = UInt16.random(in: 20_000..<32_000)
        guard FileManager.default.fileExists(atPath: Self.ownDriver.path) else {
            throw BenchmarkError("there is no \(Self.ownDriver.path); make bench builds it")
        }
        folder = URL(filePath: "/tmp/latchkey-bench-\(getpid())")
        let config = folder.appending(path: "readers")
        let socket = folder.appending(path: "pcscd.socket").path
        let files = FileManager.default
        try files.createDirectory(at: config, withIntermediateDirectories: true)
        try? files.createDirectory(atPath: "/run/pcscd", withIntermediateDirectories: true)
        let vpcd = URL(filePath: "/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
        let hex = String(port, radix: 16)
        try """
        FRIENDLYNAME "Polled"
        DEVICENAME /dev/null:0x\(hex)
        LIBPATH \(vpcd.resolvingSymlinksInPath().path)
        CHANNELID 0x\(hex)

        """.write(to: config.appending(path: "polled"), atomically: true, encoding: .utf8)
        try """
        FRIENDLYNAME "Told"
        DEVICENAME 127.0.0.1:\(port + 2)
        LIBPATH \(Self.ownDriver.path)

        """.write(to: config.appending(path: "told"), atomically: true, encoding: .utf8)
        setenv("PCSCLITE_CSOCK_NAME", socket, 1)
        try start(listening: Self.listen(at: socket), config: config.path)
        for _ in 0..<200 where polled.name.isEmpty || eventDriven.name.isEmpty {
            try await Task.sleep(for: .milliseconds(20))
            for name in (try? await CardReaders.list()) ?? [] where name.hasSuffix(" 00") {
                if name.hasPrefix("Polled ") { polled = VirtualReader(port: port, name: name) }
                if name.hasPrefix("Told ") {
                    eventDriven = VirtualReader(port: port + 2, name: name)
                }
            }
        }
        guard !polled.name.isEmpty, !eventDriven.name.isEmpty else {
            throw BenchmarkError("pcscd does not list both readers")
        }
    }

    /// scripts/bench puts it beside this executable.
    private static var ownDriver: URL {
        URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: "libifdlatchkey.so")
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }

    /// The daemon takes its listening socket as descriptor 3, as from systemd.
    private func start(listening socket: Int32, config: String) throws {
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = [
            "-c",
            "exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec /usr/sbin/pcscd --foreground --config \"$0\"",
            config,
        ]
        process.standardInput = FileHandle(fileDescriptor: socket, closeOnDealloc: true)
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    private static func listen(at path: String) throws -> Int32 {
        let file = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(file, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, Glibc.listen(file, 16) == 0 else {
            throw BenchmarkError("cannot listen at \(path)")
        }
        return file
    }
}
