// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Stack

@Suite struct DevelopmentAutomakerTests {
    @Test func `what a full disk left half-written is made again`() throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "automaker-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try StateFolder.makeFolder(folder)
        let automaker = DevelopmentAutomaker(folder: folder, environment: "testing")
        try automaker.create { _ in }
        for name in ["root.pem", "signature.key", "app-token.pem"] {
            try FileManager.default.removeItem(at: folder.appending(path: name))
        }
        try automaker.create { _ in }
        _ = try automaker.load()
    }
}
