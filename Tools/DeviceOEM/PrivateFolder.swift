// SPDX-License-Identifier: Apache-2.0

public import Foundation
internal import ServiceKit

#if canImport(Glibc)
    import Glibc
#endif

/// A folder whose files are replaced whole and whose changes several processes take turns at.
public struct PrivateFolder: Sendable {
    /// Where it is.
    public let url: URL

    /// The folder at `url`; `create` makes it.
    public init(_ url: URL) { self.url = url }

    /// Makes the folder, readable by its owner only.
    public func create() throws {
        do {
            try FileManager.default.createDirectory(
                at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw DeviceOEMError.file(path: url.path, reason: FileFailure.reason(error))
        }
    }

    /// The content of a file; none when it is not there.
    public func read(_ name: String) throws -> Data? {
        let file = url.appending(path: name)
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        do {
            return try Data(contentsOf: file)
        } catch {
            throw DeviceOEMError.file(path: file.path, reason: FileFailure.reason(error))
        }
    }

    /// Replaces a file: what a reader sees is the whole former or the whole present content, also
    /// after a power cut.
    public func write(_ data: Data, to name: String, mode: UInt32 = 0o600) throws {
        try stage(data, to: name, mode: mode)
        try commit([name])
    }

    /// Writes the next content of a file beside it, safely on disk.
    public func stage(_ data: Data, to name: String, mode: UInt32 = 0o600) throws {
        let path = url.appending(path: name + ".next").path
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard file >= 0 else { throw failure(path) }
        defer { close(file) }
        var rest = data[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count > 0 else { throw failure(path) }
            rest = rest.dropFirst(count)
        }
        guard fsync(file) == 0 else { throw failure(path) }
    }

    /// Puts staged contents in place.
    public func commit(_ names: [String]) throws {
        for name in names {
            let path = url.appending(path: name).path
            guard rename(path + ".next", path) == 0 else { throw failure(path) }
        }
        try synchronize()
    }

    /// Waits until the folder's own entries are on disk.
    public func synchronize() throws {
        let folder = open(url.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw failure(url.path) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw failure(url.path) }
    }

    private func failure(_ path: String) -> DeviceOEMError {
        .file(path: path, reason: String(cString: strerror(errno)))
    }
}

/// Held while one process changes a folder; given back when it is dropped or the process ends.
public final class FolderLock: Sendable {
    private let file: Int32

    private init(file: Int32) { self.file = file }

    deinit { close(file) }

    /// Takes the lock of `folder`, waiting for whoever holds it.
    ///
    /// - Parameter waiting: called once when that takes longer than two seconds.
    /// - Returns: none when nobody gave it back within `seconds`.
    public static func take(
        _ folder: PrivateFolder, seconds: Int = 60, waiting: () -> Void = {}
    ) throws -> FolderLock? {
        let path = folder.url.appending(path: "lock").path
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw DeviceOEMError.file(path: path, reason: String(cString: strerror(errno)))
        }
        let lock = FolderLock(file: file)
        for attempt in 0..<(seconds * 50) {
            if flock(file, LOCK_EX | LOCK_NB) == 0 { return lock }
            guard errno == EWOULDBLOCK || errno == EINTR else {
                throw DeviceOEMError.file(path: path, reason: String(cString: strerror(errno)))
            }
            if attempt == 100 { waiting() }
            usleep(20_000)
        }
        return nil
    }
}
