// SPDX-License-Identifier: Apache-2.0

import Foundation
import ServiceKit

#if canImport(Glibc)
    import Glibc
#endif

/// What carries the bytes between the PC/SC daemon of a stack and the phones.
public enum ReaderDriver: String, CaseIterable, Sendable {
    /// Our own: it notices phones at once and shows them polling frames.
    case latchkey
    /// That of vsmartcard: it looks for phones every 0.4 s.
    case vpcd

    /// What the vehicle gateway calls readers of this kind (`READER_PROFILE`).
    var profile: String {
        switch self {
        case .latchkey: "virtual"
        case .vpcd: "generic"
        }
    }
}

/// A private PC/SC daemon with one virtual reader pair per car: slot 00 door, slot 01 dashboard.
struct ReaderPart: Sendable {
    let folder: StateFolder
    let ports: PortPlan
    let driver: ReaderDriver
    /// The folder of the executables, where scripts/build puts our driver.
    let programs: URL

    /// Our driver; none when only the package was built.
    static func ownDriver(in programs: URL) -> URL? {
        let library = programs.appending(path: "libifdlatchkey.so")
        return FileManager.default.fileExists(atPath: library.path) ? library : nil
    }

    /// Where clients find the daemon (`PCSCLITE_CSOCK_NAME`).
    var socket: URL { folder.sockets.appending(path: "pcscd.comm") }

    /// How a vehicle names a reader of car `car`: friendly name and slot.
    static func name(car: Int, slot: Int) -> String { "Latchkey Car \(car) 0\(slot)" }

    /// Writes the reader configuration and returns the daemon's command.
    ///
    /// The daemon takes its listening socket as descriptor 3; a shell moves it there from standard
    /// input, since only that one can be handed over.
    func prepare() throws(StackError) -> ChildProcess.Command {
        let daemon = "/usr/sbin/pcscd"
        guard FileManager.default.isExecutableFile(atPath: daemon) else {
            throw .missing(program: daemon, package: "pcscd")
        }
        for car in 1...PortPlan.cars {
            let entry =
                switch driver {
                case .latchkey: try ownEntry(car)
                case .vpcd: try vpcdEntry(car)
                }
            let file = folder.readers.appending(path: "car-\(car).conf")
            try StateFolder.write(Data(entry.utf8), to: file, mode: 0o644)
        }
        if geteuid() == 0 { try StateFolder.makeFolder(URL(fileURLWithPath: "/run/pcscd")) }
        return .init(
            program: "/bin/sh",
            arguments: [
                "-c",
                "exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \(daemon) --foreground --config \"$0\"",
                folder.readers.path,
            ], standardInput: try listen())
    }

    private func ownEntry(_ car: Int) throws(StackError) -> String {
        guard let library = Self.ownDriver(in: programs) else {
            throw .file(
                path: programs.appending(path: "libifdlatchkey.so").path,
                reason: "scripts/build has not made it")
        }
        return """
            FRIENDLYNAME "Latchkey Car \(car)"
            DEVICENAME 127.0.0.1:\(ports.door(ofCar: car))-\(ports.dashboard(ofCar: car))
            LIBPATH \(library.path)

            """
    }

    private func vpcdEntry(_ car: Int) throws(StackError) -> String {
        let files = FileManager.default
        // Two entries with the same library collide, so each gets its own copy.
        let copy = folder.sockets.appending(path: "libifdvpcd-\(car).so")
        let library = try Self.findVPCD()
        do {
            try? files.removeItem(at: copy)
            try files.copyItem(at: library, to: copy)
        } catch {
            throw .file(path: copy.path, reason: FileFailure.reason(error))
        }
        let port = String(ports.door(ofCar: car), radix: 16, uppercase: true)
        return """
            FRIENDLYNAME "Latchkey Car \(car)"
            DEVICENAME /dev/null:0x\(port)
            LIBPATH \(copy.path)
            CHANNELID 0x\(port)

            """
    }

    private static func findVPCD() throws(StackError) -> URL {
        for base in ["/usr/lib/pcsc/drivers/serial", "/usr/lib64/pcsc/drivers/serial"] {
            let url = URL(fileURLWithPath: base).appending(path: "libifdvpcd.so")
            if FileManager.default.fileExists(atPath: url.path) {
                return url.resolvingSymlinksInPath()
            }
        }
        throw .missing(program: "libifdvpcd.so", package: "vsmartcard-vpcd")
    }

    private func listen() throws(StackError) -> Int32 {
        unlink(socket.path)
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = Array(socket.path.utf8)
        guard descriptor >= 0, path.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw .file(path: socket.path, reason: "not usable as a socket")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, Glibc.listen(descriptor, 16) == 0 else {
            close(descriptor)
            throw .file(path: socket.path, reason: String(cString: strerror(errno)))
        }
        return descriptor
    }
}
