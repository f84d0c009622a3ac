// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The paths of a listener and their methods, to tell 405 from 404.
final class RouteTable: Sendable {
    private let routes = Mutex<[(path: [String], method: String)]>([])

    func fill(_ pairs: [(path: String, method: String)]) {
        routes.withLock { $0 = pairs.map { (Self.parts($0.path), $0.method) } }
    }

    /// Methods of the routes that match `path`, sorted.
    func methods(at path: String) -> [String] {
        let parts = Self.parts(path)
        let found = routes.withLock { $0.filter { Self.matches($0.path, parts) }.map(\.method) }
        return Set(found).sorted()
    }

    private static func parts(_ path: String) -> [String] {
        path.split(separator: "/").map(String.init)
    }

    private static func matches(_ template: [String], _ path: [String]) -> Bool {
        if template.last == "**" { return path.starts(with: template.dropLast(), by: fits) }
        return template.count == path.count && zip(template, path).allSatisfy(fits)
    }

    private static func fits(_ part: String, _ template: String) -> Bool {
        [part, template].contains { $0 == "*" || $0.hasPrefix("{") || $0.hasPrefix(":") }
            || part == template
    }
}
