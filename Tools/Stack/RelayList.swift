// SPDX-License-Identifier: Apache-2.0

import Foundation
import ServiceKit

/// The relays that phones of the virtual device OEM trust: a file in its folder.
struct RelayList {
    private struct Relay: Codable {
        var url: String
        var tlsRoot: String
    }

    /// Names the relay at `url` with the TLS root in `root`.
    static func write(url: String, root: URL, to folder: URL) throws(StackError) {
        do {
            let relay = Relay(url: url, tlsRoot: try String(contentsOf: root, encoding: .utf8))
            try StateFolder.write(
                try JSONEncoder().encode([relay]), to: folder.appending(path: "relays.json"),
                mode: 0o644)
        } catch let error as StackError {
            throw error
        } catch {
            throw .file(path: root.path, reason: FileFailure.reason(error))
        }
    }
}
