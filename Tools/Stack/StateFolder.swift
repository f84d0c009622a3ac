// SPDX-License-Identifier: Apache-2.0

public import Foundation
import ServiceKit

/// Where one development stack keeps everything it knows.
///
///     stack.json      what runs, on which ports        logs/        one file per part
///     automaker/      keys and certificates             postgres/    database cluster
///     device-oem/     the virtual phone maker           phones/      one folder per phone
///     gateway.sqlite  the cars                          pcscd/       reader configuration
///     traces/         per car, its last tap that failed and its last one that did not
public struct StateFolder: Sendable {
    /// The folder itself, absolute.
    public let url: URL

    /// The folder at `path`, made absolute; it need not exist yet.
    public init(path: String) { url = URL(fileURLWithPath: path).standardizedFileURL }

    /// The folder a user means: `option`, else `LATCHKEY_STATE`, else `.latchkey` here.
    public static func chosen(
        _ option: String?, environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> StateFolder {
        StateFolder(path: option ?? environment["LATCHKEY_STATE"] ?? ".latchkey")
    }

    public var automaker: URL { url.appending(path: "automaker", directoryHint: .isDirectory) }
    public var deviceOEM: URL { url.appending(path: "device-oem", directoryHint: .isDirectory) }
    public var phones: URL { url.appending(path: "phones", directoryHint: .isDirectory) }
    public var logs: URL { url.appending(path: "logs", directoryHint: .isDirectory) }
    public var gatewayDatabase: URL { url.appending(path: "gateway.sqlite") }
    /// Where a car keeps its last tap that failed, and its last one that did not.
    public func traces(of vehicle: String) -> (failed: URL, done: URL) {
        let folder = url.appending(path: "traces")
        return (
            folder.appending(path: "\(vehicle).jsonl"),
            folder.appending(path: "\(vehicle)-done.jsonl")
        )
    }
    var record: URL { url.appending(path: "stack.json") }
    var readers: URL { url.appending(path: "pcscd", directoryHint: .isDirectory) }

    /// The log of one part.
    public func log(of part: String) -> URL { logs.appending(path: "\(part).log") }

    /// A folder for sockets: their paths must stay short (107 bytes), so it lies in `/tmp`.
    var sockets: URL {
        URL(fileURLWithPath: "/tmp/latchkey-\(Self.digest(url.path))", isDirectory: true)
    }

    /// Makes the folders that do not exist yet.
    func create() throws(StackError) {
        for folder in [url, automaker, deviceOEM, phones, logs, readers, sockets] {
            try Self.makeFolder(folder)
        }
    }

    static func makeFolder(_ folder: URL, mode: Int = 0o711) throws(StackError) {
        do {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: mode]
            )
        } catch {
            throw .file(path: folder.path, reason: FileFailure.reason(error))
        }
    }

    static func write(_ data: Data, to file: URL, mode: Int = 0o600) throws(StackError) {
        do {
            try data.write(to: file, options: .atomic)
            try FileManager.default.setAttributes(
                [.posixPermissions: mode], ofItemAtPath: file.path)
        } catch {
            throw .file(path: file.path, reason: FileFailure.reason(error))
        }
    }

    /// Eight letters that name a path (FNV-1a); only for telling folders apart.
    private static func digest(_ path: String) -> String {
        let value = path.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
        return String(value, radix: 16)
    }
}
