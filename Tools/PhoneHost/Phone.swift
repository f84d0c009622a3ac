// SPDX-License-Identifier: Apache-2.0

internal import Contracts
public import DeviceOEM
public import Foundation
public import Identifiers
internal import KeyProtocol
internal import KeyCrypto
internal import PKI
public import ServiceKit
public import VirtualPhone

/// One phone in its folder, held by one command at a time.
public final class Phone {
    /// What people call it; the name of its folder.
    public let name: String
    /// Framework, applet and wallet.
    public internal(set) var card: PhoneCard
    /// Who made it.
    public let maker: PhoneMaker
    /// What happened since it was last used, a line each.
    public private(set) var news: [String] = []
    var extras: WalletExtras
    let clock: WallClock
    let random: RandomSource
    let draws: DrawLog
    private let files: PhoneFiles
    private let lock: FolderLock
    private var saved: PhoneFiles.Content?

    private init(
        name: String, files: PhoneFiles, lock: FolderLock, content: PhoneFiles.Content,
        maker: PhoneMaker, clock: WallClock, random: RandomSource
    ) {
        self.name = name
        self.files = files
        self.lock = lock
        self.maker = maker
        self.clock = clock
        self.random = random
        draws = DrawLog(random)
        extras = content.extras
        card = PhoneCard(
            snapshot: .init(phone: content.phone, secureElement: content.element),
            random: draws.random)
        saved = files.exist ? content : nil
    }

    /// Makes a phone in `phones/name`, with an instance CA for every automaker its maker knows.
    public static func make(
        _ name: String, in phones: URL, maker: PhoneMaker, clock: WallClock = .system,
        random: RandomSource = .system
    ) throws -> Phone {
        let files = PhoneFiles(folder: try folder(name, in: phones))
        guard !files.exist else { throw PhoneHostError.phoneExists(name) }
        try files.folder.create()
        guard let lock = try FolderLock.take(files.folder), !files.exist else {
            throw PhoneHostError.phoneExists(name)
        }
        let content = PhoneFiles.Content(
            element: .init(), phone: PhoneState(),
            extras: WalletExtras(account: random.bytes(16, for: "account").hex))
        let phone = Phone(
            name: name, files: files, lock: lock, content: content, maker: maker, clock: clock,
            random: random)
        try phone.adoptAutomakers()
        try phone.save()
        return phone
    }

    /// Takes a phone up, waiting for another command that uses it.
    ///
    /// - Parameter waiting: called when that takes more than two seconds.
    public static func open(
        _ name: String, in phones: URL, maker: PhoneMaker, clock: WallClock = .system,
        random: RandomSource = .system, seconds: Int = 60, waiting: () -> Void = {}
    ) throws -> Phone {
        let files = PhoneFiles(folder: try folder(name, in: phones))
        guard files.exist else { throw PhoneHostError.noSuchPhone(name) }
        guard let lock = try FolderLock.take(files.folder, seconds: seconds, waiting: waiting)
        else { throw PhoneHostError.busy(name) }
        let phone = Phone(
            name: name, files: files, lock: lock, content: try files.load(), maker: maker,
            clock: clock, random: random)
        try phone.adoptAutomakers()
        phone.news = phone.catchUp()
        try phone.save()
        return phone
    }

    /// Names of all phones in `phones`, sorted.
    public static func names(in phones: URL) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: phones.path)) ?? []
        return names.filter {
            (try? folder($0, in: phones)).map { PhoneFiles(folder: $0).exist } ?? false
        }.sorted()
    }

    private static func folder(_ name: String, in phones: URL) throws -> PrivateFolder {
        let allowed = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
        guard (1...32).contains(name.utf8.count), name.allSatisfy(allowed.contains),
            !name.hasPrefix(".")
        else { throw PhoneHostError.badName(name) }
        return PrivateFolder(phones.appending(path: name))
    }

    /// Where it is kept.
    var folder: URL { files.folder.url }

    /// Saves what changed since the last time; call it before anything leaves the phone.
    func save() throws {
        let snapshot = card.snapshot
        let content = PhoneFiles.Content(
            element: snapshot.secureElement, phone: snapshot.phone, extras: extras)
        guard content != saved else { return }
        try files.save(content, former: saved)
        saved = content
    }

    /// Takes up automakers whose bundles were imported or renewed since; needs no network.
    private func adoptAutomakers() throws {
        for bundle in try maker.automakers() {
            guard
                let certificates = try? bundle.certificates(
                    deviceRoot: maker.pki.root.certificate, at: clock.now)
            else { continue }
            let name = bundle.vehicleOemId
            let known = card.state.automakers.first { $0.name == name }
            let signature = certificates.signature.publicKey
            if let known, known.rootKey == certificates.root.publicKey,
                known.rootName == certificates.root.subjectName,
                known.externalCA == certificates.externalCA.der,
                known.signatureKeys.first == signature, known.readerMake == bundle.readerMake
            {
                continue
            }
            let key = card.createInstanceCA(for: name)
            // Receipts and commands signed before a change of [Q] stay good.
            let former = (known?.signatureKeys ?? []).filter { $0 != signature }.prefix(3)
            try card.add(
                Automaker(
                    name: name, rootKey: certificates.root.publicKey,
                    rootName: certificates.root.subjectName,
                    externalCA: certificates.externalCA.der,
                    instanceCA: try known?.instanceCA
                        ?? maker.instanceCA(for: key, automaker: name).der,
                    signatureKeys: [signature] + former, readerMake: bundle.readerMake))
        }
    }

    /// Tells the device OEM which keys this phone has, so that it takes calls about them.
    func noteKeys() throws {
        try maker.store.add(
            card.state.keys.map {
                DeviceOEMStore.Key(
                    keyId: $0.id, phone: name, vehicleId: $0.vehicleId,
                    vehicleOemId: $0.automaker,
                    keyType: $0.origin == .pairing ? .owner : .shared, addedAt: clock.now)
            })
    }
}
