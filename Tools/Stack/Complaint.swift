// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The line with which a program said why it failed.
enum Complaint {
    /// The last line that names a failure, else the last one; without time and process number.
    static func of(_ output: String) -> String {
        let lines = output.split(whereSeparator: \.isNewline)
            .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        for word in ["PANIC:", "FATAL:", "ERROR:", "error:"] {
            if let line = lines.last(where: { $0.contains(word) }) {
                let text = line.components(separatedBy: word).dropFirst().joined(separator: word)
                return String(text.trimmingCharacters(in: .whitespaces).prefix(300))
            }
        }
        return String((lines.last ?? "").prefix(300))
    }

    /// The same of the end of a log file.
    static func last(in log: URL) -> String {
        let data = (try? Data(contentsOf: log, options: .mappedIfSafe)) ?? Data()
        return of(String(decoding: data.suffix(4096), as: UTF8.self))
    }
}
