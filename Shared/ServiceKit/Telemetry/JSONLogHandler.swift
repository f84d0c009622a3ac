// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
public import Logging

/// Writes each log entry as one JSON line on standard error.
///
/// `{"ts":…,"level":…,"service":…,"msg":…,"request_id":…,"trace_id":…,"fields":{…}}`. A line is
/// written with one call, so that lines of several threads do not mix.
public struct JSONLogHandler: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var logLevel: Logger.Level
    public var metadataProvider: Logger.MetadataProvider?
    private let service: String
    private let write: @Sendable (String) -> Void

    /// Logs for `service` from `level` on; `write` gets lines without their line feed.
    public init(
        service: String, level: Logger.Level,
        write: @escaping @Sendable (String) -> Void = JSONLogHandler.writeToStandardError
    ) {
        self.service = service
        logLevel = level
        self.write = write
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var all = metadata
        all.merge(metadataProvider?.get() ?? [:]) { $1 }
        all.merge(event.metadata ?? [:]) { $1 }
        var line = "{\"ts\":\"\(Self.timestamp())\",\"level\":\"\(event.level.rawValue)\""
        line += ",\"service\":" + JSONText.quoted(service)
        line += ",\"msg\":" + JSONText.quoted(event.message.description)
        for key in ["request_id", "trace_id"] {
            guard let value = all.removeValue(forKey: key) else { continue }
            line += ",\"\(key)\":" + JSONText.quoted(value.description)
        }
        if let error = event.error { all["error"] = "\(error)" }
        if !all.isEmpty {
            let fields = all.sorted { $0.key < $1.key }
                .map { JSONText.quoted($0.key) + ":" + Self.text($0.value, under: $0.key) }
            line += ",\"fields\":{" + fields.joined(separator: ",") + "}"
        }
        write(line + "}")
    }

    /// Belt to the braces of `Identifiers.Secret`: values under such names are never written.
    private static let secretWords = ["password", "secret", "authorization", "private_key"]

    private static func text(_ value: Logger.MetadataValue, under key: String) -> String {
        if secretWords.contains(where: key.lowercased().contains) { return "\"<redacted>\"" }
        switch value {
        case .string(let text): return JSONText.quoted(text)
        case .stringConvertible(let number as any BinaryInteger): return "\(number)"
        case .stringConvertible(let value): return JSONText.quoted(value.description)
        case .array(let values):
            return "[" + values.map { text($0, under: key) }.joined(separator: ",") + "]"
        case .dictionary(let members):
            let fields = members.sorted { $0.key < $1.key }
                .map { JSONText.quoted($0.key) + ":" + text($0.value, under: $0.key) }
            return "{" + fields.joined(separator: ",") + "}"
        }
    }

    private static func timestamp() -> String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let milliseconds = String(1000 + time.tv_nsec / 1_000_000).dropFirst()
        let second = Instant(secondsSinceEpoch: Int64(time.tv_sec)).description.dropLast()
        return "\(second).\(milliseconds)Z"
    }

    /// Writes `line` and a line feed to standard error.
    public static func writeToStandardError(_ line: String) {
        var bytes = Array(line.utf8)
        bytes.append(UInt8(ascii: "\n"))
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Foundation.write(2, $0.baseAddress, $0.count) }
            guard written > 0 else { return }
            rest = rest.dropFirst(written)
        }
    }
}

/// JSON string literals.
enum JSONText {
    /// Longest text that is written, in characters; a log line is no place for documents.
    static let limit = 4096

    /// `text` as a JSON string with its quotes, cut at `limit`.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars.prefix(limit) {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                result += "\\u00" + String(scalar.value, radix: 16).leftPadded(to: 2)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

extension String {
    fileprivate func leftPadded(to width: Int) -> String {
        String(repeating: "0", count: max(0, width - count)) + self
    }
}
