// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// What runs for a state folder, written to `stack.json` so that other commands find it.
public struct StackRecord: Codable, Sendable {
    /// The process of `latchkey up`.
    public var pid: Int32
    public var ports: PortPlan
    public var environment: String
    /// Name and process of every part.
    public var parts: [Part]
    /// The socket of the private PC/SC daemon.
    public var readerSocket: String

    /// One started program.
    public struct Part: Codable, Sendable {
        public var name: String
        public var pid: Int32
        public var log: String

        /// Whether the program is alive.
        public var isRunning: Bool { ProcessTable.isRunning(pid) }
    }

    /// Reads the record of `folder`; throws `notRunning` when there is none.
    public static func load(_ folder: StateFolder) throws(StackError) -> StackRecord {
        guard let data = try? Data(contentsOf: folder.record),
            let record = try? JSONDecoder().decode(StackRecord.self, from: data)
        else { throw .notRunning(folder: folder.url.path) }
        return record
    }

    func save(_ folder: StateFolder) throws(StackError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        do {
            try StateFolder.write(try encoder.encode(self), to: folder.record, mode: 0o644)
        } catch let error as StackError {
            throw error
        } catch {
            throw .file(path: folder.record.path, reason: "\(error)")
        }
    }

    /// Whether the process of `latchkey up` is alive.
    public var isRunning: Bool { ProcessTable.isRunning(pid) }

    /// Base URLs of the interfaces that tools use.
    public var registryAPI: String { "http://127.0.0.1:\(ports.registryAPI)" }
    public var carAPI: String { "http://127.0.0.1:\(ports.carAPI)" }
    public var revocationAPI: String { "http://127.0.0.1:\(ports.revocationAPI)" }
    public var relay: String { "https://127.0.0.1:\(ports.relay)" }
    public var partnerAPI: String { "https://127.0.0.1:\(ports.partnerAPI)" }
}
