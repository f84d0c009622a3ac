// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import Identifiers
import Testing

/// What must never be in a log or an event: collected from where it belongs, in every form in which
/// it could be written by mistake.
struct Secrets {
    /// A form, and what it is.
    private var forms: [String: Set<String>] = ["PRIVATE KEY": ["a PEM key"]]
    /// Whole words, such as passwords.
    private var words: [String: Set<String>] = [:]

    /// Names of members whose values are secret.
    private static let members =
        "privateKey|encryptionKey|longTermSharedSecret|secret|confidentialStore|immobilizerKey|kpersistent|w0|L"

    /// What was collected.
    var names: Set<String> { Set(forms.values.joined()) }

    /// Everything secret in the state folder of a stack that runs.
    init(in state: URL) throws {
        let folders = ["phones", "automaker/vehicles"].map { state.appending(path: $0) }
        // Deleted rows of the cars' database are still in its file.
        let files = folders + [state.appending(path: "gateway.sqlite")]
        // The factory's vehicleKey is a private key, that of a phone is the car's public one.
        let text =
            try Self.grep(["-raohE", Self.member(Self.members), "--"], in: files)
            + Self.grep(["-raohE", Self.member("vehicleKey"), "--"], in: [folders[1]])
        for line in text + (try Self.rows(of: files[2])) { try add(line) }
        for holder in ["automaker", "device-oem"] {
            let folder = state.appending(path: holder)
            for name in try FileManager.default.contentsOfDirectory(atPath: folder.path)
            where name.hasSuffix(".key") {
                let pem = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
                try add(Self.scalar(ofPEM: pem), from: "\(holder)/\(name)")
            }
        }
    }

    /// `"name":"hexadecimal digits"`, 16 bytes at least.
    private static func member(_ names: String) -> String {
        "\"(\(names))\" *: *\"([0-9a-f]{2}){16,}\""
    }

    /// Members in the rows of the cars' database, whatever of them is still in its log.
    private static func rows(of database: URL) throws -> [String] {
        var configuration = Configuration()
        configuration.readonly = true
        let queue = try DatabaseQueue(path: database.path, configuration: configuration)
        let records = try queue.read {
            try Data.fetchAll($0, sql: "SELECT record FROM vehicle")
        }
        let regex = try Regex(member(members))
        return records.flatMap { record in
            String(decoding: record, as: UTF8.self).matches(of: regex).map { String($0.0) }
        }
    }

    private mutating func add(_ member: String) throws {
        let parts = member.split(separator: "\"")
        let (name, hex) = (try #require(parts.first), try #require(parts.last))
        try add([UInt8](hex: String(hex)), from: String(name))
    }

    /// A password, which counts as a whole word only.
    mutating func add(word: String, from name: String) { words[word, default: []].insert(name) }

    private mutating func add(_ secret: [UInt8], from name: String) {
        // A mailbox holds a token of 16 bytes per slot, and zeros where there is none.
        guard name != "confidentialStore" else {
            for start in stride(from: 0, to: secret.count - 15, by: 16) {
                let token = Array(secret[start..<start + 16])
                if token.contains(where: { $0 != 0 }) { add(token, from: "token") }
            }
            return
        }
        var texts = [secret.hex, secret.hex.uppercased()]
        // Base64 of more bytes holds one of three texts, whatever is around it.
        for shift in 0..<3 {
            let whole = Data([UInt8](repeating: 0, count: shift) + secret).base64EncodedString()
            let text = whole.prefix((secret.count + shift) / 3 * 4).dropFirst([0, 2, 3][shift])
            texts.append(String(text))
            texts.append(String(text.replacing("+", with: "-").replacing("/", with: "_")))
        }
        for text in texts { forms[text, default: []].insert(name) }
    }

    /// The 32 bytes of a P-256 key: the first octet string of that length.
    private static func scalar(ofPEM text: String) throws -> [UInt8] {
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("-") }
        let der = Array(try #require(Data(base64Encoded: lines.joined())))
        let start = try #require(
            der.indices.first { der[$0...].starts(with: [0x04, 0x20]) && der.count >= $0 + 34 })
        return Array(der[start + 2..<start + 34])
    }

    /// Where secrets are found in files and folders, without showing them.
    func found(in places: [URL]) throws -> Set<String> {
        try search(forms, ["-raoHF"], places).union(search(words, ["-raowHF"], places))
    }

    private func search(_ wanted: [String: Set<String>], _ options: [String], _ places: [URL])
        throws -> Set<String>
    {
        guard !wanted.isEmpty else { return [] }
        let list = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: list) }
        try Data(wanted.keys.joined(separator: "\n").utf8).write(to: list)
        let hits = try Self.grep(options + ["-f", list.path, "--"], in: places)
        return Set(
            hits.flatMap { hit in
                let file = hit.prefix { $0 != ":" }
                let names = wanted[String(hit.dropFirst(file.count + 1))] ?? ["something secret"]
                return names.map { "\($0) in \(file)" }
            })
    }

    private static func grep(_ arguments: [String], in places: [URL]) throws -> [String] {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["LC_ALL=C", "grep"] + arguments + places.map(\.path)
        process.standardOutput = pipe
        try process.run()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        // 1 is nothing found; all else is a search that did not happen.
        try #require(process.terminationStatus <= 1, "grep \(places)")
        return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
