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

    /// Names of members whose values are secret: of phones, cars, and the traces of their taps.
    private static let members =
        "privateKey|encryptionKey|longTermSharedSecret|secret|confidentialStore|immobilizerKey|kpersistent|w0|L|keys"
    /// Draws of a trace that everybody may see, or that are no secret once they are used.
    private static let openDraws =
        "transaction_identifier|requestId|attestation nonce|serial|ranging session|ranging nonce"

    /// What was collected.
    var names: Set<String> { Set(forms.values.joined()) }
    /// How many texts are looked for.
    var count: Int { forms.count + words.count }

    /// Everything secret in the state folder of a stack, and the passwords that commands printed.
    init(in state: URL) throws {
        let traces = try Self.files(in: state) { $0.hasSuffix(".jsonl") }
        let vehicles = Self.present([state.appending(path: "automaker/vehicles")])
        // Deleted rows of the cars' database are still in its file.
        let database = Self.present([state.appending(path: "gateway.sqlite")])
        let folders = Self.present(["phones", "traces"].map { state.appending(path: $0) })
        // The factory's vehicleKey is a private key, that of a phone is the car's public one.
        var text =
            try Self.grep(
                ["-raohE", Self.member(Self.members), "--"],
                in: folders + vehicles + database + traces)
            + Self.grep(["-raohE", Self.member("vehicleKey"), "--"], in: vehicles)
        for file in database { text += try Self.rows(of: file) }
        for line in text { try add(line) }
        try addDraws(of: folders + traces)
        for holder in Self.present(["automaker", "device-oem"].map { state.appending(path: $0) }) {
            for file in try Self.files(in: holder, where: { $0.hasSuffix(".key") }) {
                let pem = try String(contentsOf: file, encoding: .utf8)
                try add(Self.scalar(ofPEM: pem), from: "\(holder.lastPathComponent)'s key")
            }
        }
        let printed = Self.present([LatchkeyProgram(state: state).printed])
        for line in try Self.grep(["-ahoE", "pairing password +[0-9]{8}", "--"], in: printed) {
            words[String(line.suffix(8)), default: []].insert("a pairing password")
        }
    }

    private static func present(_ files: [URL]) -> [URL] {
        files.filter { FileManager.default.fileExists(atPath: $0.path) }
    }

    private static func files(in folder: URL, where isWanted: (String) -> Bool) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter(isWanted)
            .map { folder.appending(path: $0) }
    }

    /// `"name":"hexadecimal digits"`, 16 bytes at least, also where JSON lies in JSON.
    private static func member(_ names: String) -> String {
        #"\\*"("# + names + #")\\*" *: *\\*"([0-9a-f]{2}){16,}\\*""#
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
        let parts = member.replacing("\\", with: "").split(separator: "\"")
        let (name, hex) = (try #require(parts.first), try #require(parts.last))
        try add([UInt8](hex: String(hex)), from: String(name))
    }

    /// What phones and cars drew in taps that were traced.
    private mutating func addDraws(of places: [URL]) throws {
        let draw = #""bytes":"([0-9a-f]{2}){16,}","purpose":"[^"]*""#
        let open = try Regex(#""purpose":"(\#(Self.openDraws))"$"#)
        for line in try Self.grep(["-raohE", draw, "--"], in: places)
        where line.firstMatch(of: open) == nil {
            let parts = line.split(separator: "\"")
            let hex = try #require(parts.dropFirst(2).first)
            try add([UInt8](hex: String(hex)), from: "drawn for \(parts.last ?? "")")
        }
    }

    private mutating func add(_ secret: [UInt8], from name: String) {
        // A mailbox holds a token of 16 bytes per slot, and zeros where there is none.
        guard name != "confidentialStore" else {
            for start in stride(from: 0, to: secret.count - 15, by: 16) {
                let token = Array(secret[start..<start + 16])
                if token.contains(where: { $0 != 0 }) { add(token, from: "token") }
            }
            return
        }
        // The three keys of a channel, of which each can be written alone.
        if name == "keys", secret.count == 48 {
            for start in [0, 16, 32] {
                add(Array(secret[start..<start + 16]), from: "a channel's key")
            }
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
        try foundForms(in: places).union(search(words, ["-raowHF"], places))
    }

    /// The same without passwords, which are printed for the person who asked for one.
    func foundForms(in places: [URL]) throws -> Set<String> {
        try search(forms, ["-raoHF"], places)
    }

    private func search(_ wanted: [String: Set<String>], _ options: [String], _ places: [URL])
        throws -> Set<String>
    {
        let places = Self.present(places)
        guard !wanted.isEmpty, !places.isEmpty else { return [] }
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
        guard !places.isEmpty else { return [] }
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
