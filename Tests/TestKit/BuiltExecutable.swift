// SPDX-License-Identifier: Apache-2.0
public import Foundation

/// Finds the executables of this package that were built together with the tests.
public enum BuiltExecutable {
    /// There is no such executable where the tests were built.
    public struct Missing: Error, CustomStringConvertible {
        /// Says what to do.
        public let description: String
    }

    /// The file of product `name`: in `LATCHKEY_BIN` when set, else beside the test bundle.
    public static func url(_ name: String) throws -> URL {
        guard let file = find(name) else {
            throw Missing(description: "\(name) is not built: swift build --product \(name)")
        }
        return file
    }

    /// The driver of the virtual readers; none when only the package was built.
    static var readerDriver: URL? { find("libifdlatchkey.so") }

    private static func find(_ name: String) -> URL? {
        folders().map { $0.appendingPathComponent(name) }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
    }

    private static func folders() -> [URL] {
        if let folder = ProcessInfo.processInfo.environment["LATCHKEY_BIN"] {
            return [URL(fileURLWithPath: folder)]
        }
        let bundles = CommandLine.arguments.filter { $0.contains(".xctest") }.compactMap { text in
            text.range(of: ".xctest").map { URL(fileURLWithPath: String(text[..<$0.upperBound])) }
        }
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return bundles.map { $0.deletingLastPathComponent() }
            + [root.appendingPathComponent(".build/debug")]
    }
}
