// SPDX-License-Identifier: Apache-2.0

import Foundation
internal import PCSC

/// A smart card service of this test process alone: pcscd with virtual readers.
///
/// libpcsclite reads the socket's name once per process, so there is one service at a time: tests
/// that need one take turns inside `withReaders`. Child processes find it by `environment`.
public final class PrivatePCSC: Sendable {
    /// Why the service could not be started.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// What carries the bytes between pcscd and a card.
    public enum Driver: String, CaseIterable, Sendable {
        /// Our own: it notices cards at once and shows them polling frames.
        case latchkey
        /// That of vsmartcard: it looks for cards every 0.4 s.
        case vpcd

        /// Our own where it was built.
        public static var standard: Driver {
            BuiltExecutable.readerDriver == nil ? .vpcd : .latchkey
        }
    }

    /// One entry of reader.conf: two slots on neighbouring ports.
    public struct Reader: Sendable {
        /// The friendly name; slots are listed as `<name> 00 00` and `<name> 00 01` and so on.
        public let name: String
        /// The port of slot 0; slot 1 listens on the next one.
        public let port: UInt16
    }

    public let readers: [Reader]
    private let folder: URL
    private let process = LockedProcess()

    /// Starts a service with these readers, gives it to `body`, and ends it.
    public static func withReaders<Value>(
        _ names: [String], driver: Driver = .standard,
        _ body: (PrivatePCSC) async throws -> Value
    ) async throws -> Value {
        await turn.wait()
        do {
            let value = try await run(names, driver, body)
            await turn.signal()
            return value
        } catch {
            await turn.signal()
            throw error
        }
    }

    private static func run<Value>(
        _ names: [String], _ driver: Driver, _ body: (PrivatePCSC) async throws -> Value
    ) async throws -> Value {
        var attempt = 1
        while true {
            let service = try PrivatePCSC(names, driver)
            defer { service.remove() }
            do {
                try await service.start()
            } catch  where attempt < 4 {
                attempt += 1  // somebody took a port in between
                continue
            }
            return try await body(service)
        }
    }

    private init(_ names: [String], _ driver: Driver) throws {
        folder = FileManager.default.temporaryDirectory
            .appending(path: "latchkey-pcsc-\(UUID().uuidString.prefix(8))")
        readers = names.map { Reader(name: $0, port: UInt16(FreePort.take(count: 2))) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try? FileManager.default.createDirectory(
            atPath: "/run/pcscd", withIntermediateDirectories: true)
        let entries = try readers.enumerated().map { index, reader in
            switch driver {
            case .latchkey: try Self.entry(reader)
            case .vpcd: try Self.vpcdEntry(reader, in: folder.appending(path: "\(index).so"))
            }
        }
        let config = folder.appending(path: "reader.conf.d")
        try FileManager.default.createDirectory(at: config, withIntermediateDirectories: true)
        try entries.joined(separator: "\n\n").write(
            to: config.appending(path: "readers"), atomically: true, encoding: .utf8)
    }

    private static func entry(_ reader: Reader) throws -> String {
        guard let library = BuiltExecutable.readerDriver else {
            throw Failure(description: "libifdlatchkey.so is not built: run scripts/build")
        }
        return """
            FRIENDLYNAME "\(reader.name)"
            DEVICENAME 127.0.0.1:\(reader.port)-\(reader.port + 1)
            LIBPATH \(library.path)

            """
    }

    /// Two entries that share one file collide inside vpcd, so each has a copy.
    private static func vpcdEntry(_ reader: Reader, in library: URL) throws -> String {
        try FileManager.default.copyItem(
            at: URL(filePath: vpcd).resolvingSymlinksInPath(), to: library)
        let port = String(reader.port, radix: 16)
        return """
            FRIENDLYNAME "\(reader.name)"
            DEVICENAME /dev/null:0x\(port)
            LIBPATH \(library.path)
            CHANNELID 0x\(port)

            """
    }

    /// What a child process needs to reach this service.
    public var environment: [String: String] { ["PCSCLITE_CSOCK_NAME": Self.socket] }

    /// The port of `slot` (0 or 1) of the reader called `name`; none when there is no such reader.
    public func port(of name: String, slot: UInt16 = 0) -> UInt16? {
        readers.first { $0.name == name }.map { $0.port + slot }
    }

    /// The full PC/SC name of `slot` of the reader called `name`; none when it is not listed.
    public func fullName(of name: String, slot: Int = 0) async throws -> String? {
        try await CardReaders.list().first { $0.hasPrefix(name + " ") && $0.hasSuffix(" 0\(slot)") }
    }

    /// Starts the service (again) and waits until all readers are listed.
    public func start() async throws {
        process.replace(
            try PcscdProcess(
                socket: Self.socket, config: folder.appending(path: "reader.conf.d").path,
                log: folder.appending(path: "pcscd.log").path))
        var listed: [String] = []
        for _ in 0..<100 {
            listed = (try? await CardReaders.list()) ?? []
            let missing = readers.filter { reader in
                listed.count { $0.hasPrefix(reader.name + " ") } < 2
            }
            if missing.isEmpty { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        kill()
        let log =
            (try? String(
                contentsOf: folder.appending(path: "pcscd.log"), encoding: .utf8)) ?? ""
        throw Failure(description: "pcscd lists \(listed), not all of \(readers)\n\(log)")
    }

    /// Ends the service at once, as a crash would.
    public func kill() { process.replace(nil) }

    private func remove() {
        kill()
        try? FileManager.default.removeItem(at: folder)
    }

    private static let vpcd = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
    private static let turn = Turn()

    /// The socket of this process; set in the environment before libpcsclite looks.
    private static let socket: String = {
        let path = "/tmp/latchkey-pcsc-\(getpid()).socket"
        setenv("PCSCLITE_CSOCK_NAME", path, 1)
        return path
    }()
}

/// Lets one task at a time go on.
private actor Turn {
    private var isTaken = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func wait() async {
        if !isTaken {
            isTaken = true
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func signal() {
        if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().resume() }
    }
}

private final class LockedProcess: @unchecked Sendable {
    private let lock = NSLock()
    // Guarded by `lock`; the deinit of the one replaced ends it.
    private var current: PcscdProcess?

    func replace(_ process: PcscdProcess?) {
        let old = lock.withLock {
            defer { current = process }
            return current
        }
        old?.end()
    }
}
