// SPDX-License-Identifier: Apache-2.0

internal import DeviceOEM
internal import Foundation
internal import Identifiers
internal import KeyCrypto
internal import VirtualPhone

/// The files of one phone: the secure element apart from everything the operating system keeps.
///
///     se.json       secure element        lock      held by the command that uses the phone
///     wallet.json   framework, wallet     commit    what both files become while they are replaced
///     passes/       signed passes, see `PassFolder`
///
/// `commit` names both by their digests, so that it commits these two and nothing that was staged at
/// another time: it does no harm when a power cut brings it back after it was removed.
struct PhoneFiles: Sendable {
    let folder: PrivateFolder

    struct Content: Equatable {
        var element: SecureElement.State
        var phone: PhoneState
        var extras: WalletExtras
    }

    private struct WalletFile: Codable, Equatable {
        var phone: PhoneState
        var extras: WalletExtras
    }

    private enum Name {
        static let element = "se.json"
        static let wallet = "wallet.json"
        static let commit = "commit"
        static let both = [element, wallet]
    }

    var exist: Bool {
        FileManager.default.fileExists(atPath: folder.url.appending(path: Name.element).path)
    }

    /// Reads both, after finishing or dropping a replacement that was cut off.
    func load() throws -> Content {
        try recover()
        guard let element = try folder.read(Name.element),
            let wallet = try folder.read(Name.wallet)
        else { throw PhoneHostError.corrupted(folder.url.path) }
        let decoder = JSONDecoder()
        guard let state = try? decoder.decode(SecureElement.State.self, from: element) else {
            throw PhoneHostError.corrupted(folder.url.appending(path: Name.element).path)
        }
        guard let file = try? decoder.decode(WalletFile.self, from: wallet) else {
            throw PhoneHostError.corrupted(folder.url.appending(path: Name.wallet).path)
        }
        return Content(element: state, phone: file.phone, extras: file.extras)
    }

    /// Saves what differs from `former`; both files change, or none does.
    func save(_ content: Content, former: Content?) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        var changed: [String: Data] = [:]
        if content.element != former?.element {
            changed[Name.element] = try encoder.encode(content.element)
        }
        if content.phone != former?.phone || content.extras != former?.extras {
            let file = WalletFile(phone: content.phone, extras: content.extras)
            changed[Name.wallet] = try encoder.encode(file)
        }
        for (name, data) in changed { try folder.stage(data, to: name) }
        guard changed.count == 2 else { return try folder.commit(Array(changed.keys)) }
        // Once the mark is on disk, `load` finishes what a power cut leaves undone.
        try folder.write(try encoder.encode(changed.mapValues(Self.digest)), to: Name.commit)
        try folder.commit(Name.both)
        try remove(Name.commit)
    }

    /// Finishes a replacement of which everything is there, and drops what is left of any other.
    private func recover() throws {
        let mark = try folder.read(Name.commit).flatMap {
            try? JSONDecoder().decode([String: String].self, from: $0)
        }
        if let mark {
            let staged = try Name.both.filter { try holds($0 + ".next", mark[$0]) }
            let isWhole = try Name.both.allSatisfy { name in
                try staged.contains(name) || holds(name, mark[name])
            }
            if isWhole { try folder.commit(staged) }
        }
        for name in Name.both + [Name.commit] { try remove(name + ".next") }
        try remove(Name.commit)
    }

    private func holds(_ file: String, _ digest: String?) throws -> Bool {
        try folder.read(file).map(Self.digest) == digest && digest != nil
    }

    private static func digest(_ data: Data) -> String { sha256([UInt8](data)).hex }

    private func remove(_ name: String) throws {
        let file = folder.url.appending(path: name)
        guard FileManager.default.fileExists(atPath: file.path) else { return }
        try FileManager.default.removeItem(at: file)
    }
}
