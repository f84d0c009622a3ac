// SPDX-License-Identifier: Apache-2.0

import Foundation
internal import Identifiers

extension SettingsReader {
    /// A text that is not empty.
    public mutating func text(_ name: String, default value: String? = nil, help: String) -> String
    {
        self.value(name, .text, default: value, help: help, placeholder: "") {
            (text) throws(SettingRefusal) in text
        }
    }

    /// `host:port`.
    public mutating func address(_ name: String, default value: String? = nil, help: String)
        -> ListenAddress
    {
        let none = ListenAddress(host: "127.0.0.1", port: 0)
        return self.value(name, .address, default: value, help: help, placeholder: none) {
            (text) throws(SettingRefusal) in
            guard let address = ListenAddress(text) else {
                throw SettingRefusal("expected host:port, for example 127.0.0.1:8443")
            }
            return address
        }
    }

    /// An `http` or `https` URL without query and fragment; a final slash is dropped.
    public mutating func url(_ name: String, default value: String? = nil, help: String) -> String {
        self.value(name, .url, default: value, help: help, placeholder: "") {
            (text) throws(SettingRefusal) in
            guard let url = URL(string: text), ["http", "https"].contains(url.scheme),
                url.host?.isEmpty == false, url.query == nil, url.fragment == nil
            else { throw SettingRefusal("expected a URL such as https://relay.example") }
            return text.hasSuffix("/") ? String(text.dropLast()) : text
        }
    }

    /// A whole number in `range`.
    public mutating func integer(
        _ name: String, default value: Int? = nil, in range: ClosedRange<Int>, help: String
    ) -> Int {
        let given = value.map(String.init)
        return self.value(
            name, .integer, default: given, help: help, placeholder: range.lowerBound
        ) { (text) throws(SettingRefusal) in
            guard let number = Int(text), range.contains(number) else {
                throw SettingRefusal(
                    "expected a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
    }

    /// A time span such as `250ms`, `5s`, `10m` or `48h`.
    public mutating func duration(_ name: String, default value: String? = nil, help: String)
        -> Duration
    {
        self.value(name, .duration, default: value, help: help, placeholder: .zero) {
            (text) throws(SettingRefusal) in
            let units: [(String, Int64)] = [
                ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000),
            ]
            for (suffix, factor) in units where text.hasSuffix(suffix) {
                guard let number = Int64(text.dropLast(suffix.count)), number >= 0,
                    number <= 1_000_000
                else { continue }
                return .milliseconds(number * factor)
            }
            throw SettingRefusal("expected a time span such as 250ms, 5s, 10m or 48h")
        }
    }

    /// `true` or `false`.
    public mutating func flag(_ name: String, default value: Bool, help: String) -> Bool {
        self.value(name, .flag, default: "\(value)", help: help, placeholder: value) {
            (text) throws(SettingRefusal) in
            guard let flag = Bool(text) else { throw SettingRefusal("expected true or false") }
            return flag
        }
    }

    /// One of the raw values of an enumeration.
    public mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, of type: Choice.Type = Choice.self, default value: Choice, help: String
    ) -> Choice where Choice.RawValue == String {
        self.value(name, .choice, default: value.rawValue, help: help, placeholder: value) {
            (text) throws(SettingRefusal) in
            guard let choice = Choice(rawValue: text) else {
                let all = Choice.allCases.map(\.rawValue).joined(separator: ", ")
                throw SettingRefusal("expected one of \(all)")
            }
            return choice
        }
    }

    /// A file that exists, such as a PEM certificate chain.
    public mutating func file(_ name: String, help: String) -> SettingFile {
        file(name, .file, help: help)
    }

    /// A file that need not be given, such as a picture; none when it is not.
    public mutating func optionalFile(_ name: String, help: String) -> SettingFile? {
        let read = self.read
        return value(name, .file, default: "", help: help, placeholder: nil) {
            (path) throws(SettingRefusal) in
            path.isEmpty ? nil : SettingFile(path: path, bytes: try read(path))
        }
    }

    /// A file with a secret, such as a PEM private key; never given as a value.
    public mutating func secretFile(_ name: String, help: String) -> SettingFile {
        file(name, .secretFile, help: help)
    }

    /// A path that need not exist yet, such as a state file.
    public mutating func path(_ name: String, default value: String? = nil, help: String) -> String
    {
        text(name, default: value, help: help)
    }

    private mutating func file(_ name: String, _ kind: SettingDescription.Kind, help: String)
        -> SettingFile
    {
        let none = SettingFile(path: "", bytes: [])
        let read = self.read
        return value(name, kind, default: nil, help: help, placeholder: none) {
            (path) throws(SettingRefusal) in SettingFile(path: path, bytes: try read(path))
        }
    }
}
