// SPDX-License-Identifier: Apache-2.0

internal import Contracts
internal import DeviceOEM
internal import Foundation
internal import Identifiers

/// The passes of one phone as they were signed, `passes/KEYID.jws`.
struct PassFolder {
    let folder: PrivateFolder

    /// The pass of `key`, not checked.
    func read(_ key: KeyID) throws -> String? {
        try folder.read(Self.name(key)).map {
            String(decoding: $0.prefix(KeyPass.signedLimit + 1), as: UTF8.self)
        }
    }

    func write(_ jws: String, of key: KeyID) throws {
        try folder.create()
        try folder.write(Data(jws.utf8), to: Self.name(key))
    }

    func remove(_ key: KeyID) throws {
        let file = folder.url.appending(path: Self.name(key))
        guard FileManager.default.fileExists(atPath: file.path) else { return }
        try FileManager.default.removeItem(at: file)
    }

    private static func name(_ key: KeyID) -> String { "\(key).jws" }
}
