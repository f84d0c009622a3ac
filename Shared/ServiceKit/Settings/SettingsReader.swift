// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Reads the settings of one service from environment variables and collects every problem.
///
/// Each call both declares a setting (for `--help` and `ServiceSettings.known`) and reads it. A
/// setting that is wrong or missing is noted and a placeholder returned, so that one pass finds
/// everything; the caller uses the values only when `problems` is empty.
public struct SettingsReader {
    private let service: String
    private let environment: [String: String]
    private let readFile: (String) throws -> [UInt8]
    /// Settings declared so far, in order.
    public private(set) var known: [SettingDescription] = []
    /// What was wrong so far.
    public private(set) var problems: [SettingsProblem] = []

    /// Reads the variables of `service` (kebab case) from `environment`; files through `readFile`.
    public init(
        service: String, environment: [String: String],
        readFile: @escaping (String) throws -> [UInt8] = SettingsReader.contents
    ) {
        self.service = service
        self.environment = environment
        self.readFile = readFile
    }

    /// `LATCHKEY_<SERVICE>_` of a service named in kebab case.
    public static func prefix(of service: String) -> String {
        "LATCHKEY_" + service.uppercased().replacing("-", with: "_") + "_"
    }

    /// The content of the file at `path`, at most 1 MiB.
    public static func contents(of path: String) throws -> [UInt8] {
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        guard data.count <= 1 << 20 else { throw CocoaError(.fileReadTooLarge) }
        return [UInt8](data)
    }

    /// Notes `reason` against the setting `name`; for rules that span settings.
    public mutating func report(_ name: String, _ reason: String) {
        problems.append(SettingsProblem(variable: Self.prefix(of: service) + name, reason: reason))
    }

    /// Notes variables of this service that no setting declared, such as misspelt ones.
    public mutating func reportUnknown() {
        let names = Set(known.map(\.variable))
        for variable in environment.keys.sorted()
        where variable.hasPrefix(Self.prefix(of: service)) && !names.contains(variable) {
            problems.append(SettingsProblem(variable: variable, reason: "no such setting"))
        }
    }

    /// Declares `name` and reads it with `parse`, which says why it refuses a text.
    mutating func value<Value>(
        _ name: String, _ kind: SettingDescription.Kind, default defaultValue: String?,
        help: String, placeholder: Value,
        parse: (String) throws(SettingRefusal) -> Value
    ) -> Value {
        let variable = Self.prefix(of: service) + name
        known.append(
            SettingDescription(
                name: name, variable: variable, kind: kind, defaultValue: defaultValue, help: help))
        let given = environment[variable].flatMap { $0.isEmpty ? nil : $0 }
        guard let text = given ?? defaultValue else {
            report(name, "missing: \(help)")
            return placeholder
        }
        do {
            return try parse(text)
        } catch {
            report(name, error.reason)
            return placeholder
        }
    }

    func read(_ path: String) throws(SettingRefusal) -> [UInt8] {
        do {
            return try readFile(path)
        } catch {
            throw SettingRefusal("cannot read the file \(path)")
        }
    }
}

/// Why a text is no value of a setting.
struct SettingRefusal: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}
