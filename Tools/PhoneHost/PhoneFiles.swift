// SPDX-License-Identifier: Apache-2.0

internal import DeviceOEM
internal import Foundation
internal import VirtualPhone

/// The files of one phone: the secure element apart from everything the operating system keeps.
///
///     se.json       secure element        lock      held by the command that uses the phone
///     wallet.json   framework, wallet     commit    there while both files are being replaced
///     passes/       signed passes, see `PassFolder`
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
        var changed: [String] = []
        if content.element != former?.element {
            try folder.stage(try encoder.encode(content.element), to: Name.element)
            changed.append(Name.element)
        }
        if content.phone != former?.phone || content.extras != former?.extras {
            let file = WalletFile(phone: content.phone, extras: content.extras)
            try folder.stage(try encoder.encode(file), to: Name.wallet)
            changed.append(Name.wallet)
        }
        guard changed.count == 2 else { return try folder.commit(changed) }
        // Once the mark is on disk, `load` finishes what a power cut leaves undone.
        try folder.write(Data(), to: Name.commit)
        try folder.commit(changed)
        try FileManager.default.removeItem(at: folder.url.appending(path: Name.commit))
    }

    private func recover() throws {
        let manager = FileManager.default
        let mark = folder.url.appending(path: Name.commit)
        let isCommitted = manager.fileExists(atPath: mark.path)
        for name in [Name.element, Name.wallet] {
            let staged = folder.url.appending(path: name + ".next")
            guard manager.fileExists(atPath: staged.path) else { continue }
            if isCommitted { try folder.commit([name]) } else { try manager.removeItem(at: staged) }
        }
        if isCommitted { try manager.removeItem(at: mark) }
    }
}
