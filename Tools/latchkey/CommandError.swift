// SPDX-License-Identifier: Apache-2.0

import Foundation
import ServiceKit

/// A command cannot do what was asked; prints what happened and what to do next.
struct CommandError: Error, CustomStringConvertible {
    let description: String

    init(_ what: String, hint: String? = nil) {
        description = what + (hint.map { "\nhint: \($0)" } ?? "")
    }
}

/// `1 key`, `2 keys`.
func counted(_ number: Int, _ what: String) -> String {
    "\(number) \(what)\(number == 1 ? "" : "s")"
}

/// A file that a person named on the command line.
struct NamedFile {
    let path: String

    private var url: URL { URL(fileURLWithPath: path) }

    func read() throws(CommandError) -> Data {
        do {
            return try Data(contentsOf: url)
        } catch {
            throw CommandError(
                "cannot read \(path): \(FileFailure.reason(error))",
                hint: "check the name of the file")
        }
    }

    func write(_ data: Data) throws(CommandError) {
        do {
            try data.write(to: url, options: .atomic)
        } catch {
            throw CommandError(
                "cannot write \(path): \(FileFailure.reason(error))",
                hint: "--out names a file in a folder that exists and that you may write to")
        }
    }
}
