// SPDX-License-Identifier: Apache-2.0

public import Contracts
public import Foundation
public import Identifiers
public import KeyCrypto
public import PKI
public import ServiceKit

/// The virtual device OEM, kept in one folder:
///
///     identity.json   name, environment         automakers/     one imported bundle per file
///     root.pem, .key  [D]                       instance-cas/   every [E] it issued
///     server.json     where its server listens  relays.json     relays phones may use
///     store.sqlite    keys, orders, notifications, answers given
public struct PhoneMaker: Sendable {
    /// The name used when nobody chose one.
    public static let defaultId = "example-phones"

    /// Its root [D].
    public let pki: DeviceOEMPKI
    /// What it knows of keys, orders and notifications.
    public let store: DeviceOEMStore
    let folder: PrivateFolder
    let clock: WallClock
    let random: RandomSource

    private struct Identity: Codable {
        var deviceOemId: String
        var environment: String
    }

    private struct Server: Codable {
        var url: String
    }

    /// Opens the device OEM in `url`, or makes one there.
    ///
    /// - Parameters:
    ///   - deviceOemId: its name; when the folder has one, it must be the same.
    ///   - environment: what its certificates are for; the same holds.
    public static func open(
        _ url: URL, deviceOemId: String? = nil, environment: String? = nil,
        clock: WallClock = .system, random: RandomSource = .system
    ) throws -> PhoneMaker {
        let folder = PrivateFolder(url)
        try folder.create()
        let lock = try FolderLock.take(folder)
        defer { withExtendedLifetime(lock) {} }
        let pki: DeviceOEMPKI
        if let data = try folder.read("identity.json") {
            pki = try load(folder, data)
            guard deviceOemId == nil || deviceOemId == pki.deviceOemId else {
                throw DeviceOEMError.otherIdentity(present: pki.deviceOemId)
            }
            guard environment == nil || environment == pki.environment else {
                throw DeviceOEMError.otherEnvironment(present: pki.environment)
            }
        } else {
            pki = try make(
                folder, deviceOemId ?? defaultId, environment ?? "development", clock, random)
        }
        let store = try DeviceOEMStore(file: url.appending(path: "store.sqlite"))
        return PhoneMaker(pki: pki, store: store, folder: folder, clock: clock, random: random)
    }

    private static func load(_ folder: PrivateFolder, _ data: Data) throws -> DeviceOEMPKI {
        guard let identity = try? JSONDecoder().decode(Identity.self, from: data),
            let root = try folder.read("root.pem"), let key = try folder.read("root.key")
        else { throw DeviceOEMError.identity("identity.json, root.pem or root.key is missing") }
        do {
            return try DeviceOEMPKI(
                environment: identity.environment, deviceOemId: identity.deviceOemId,
                files: [
                    "root.pem": String(decoding: root, as: UTF8.self),
                    "root.key": String(decoding: key, as: UTF8.self),
                ])
        } catch {
            throw DeviceOEMError.identity("\(error)")
        }
    }

    private static func make(
        _ folder: PrivateFolder, _ id: String, _ environment: String, _ clock: WallClock,
        _ random: RandomSource
    ) throws -> DeviceOEMPKI {
        let allowed = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.")
        for name in [id, environment] {
            guard (1...32).contains(name.utf8.count), name.allSatisfy(allowed.contains) else {
                throw DeviceOEMError.badName(name)
            }
        }
        let pki = try DeviceOEMPKI.make(
            environment: environment, deviceOemId: id, from: Self.start(clock), random: random)
        for (name, text) in pki.files {
            try folder.write(
                Data(text.utf8), to: name, mode: name.hasSuffix(".key") ? 0o600 : 0o644)
        }
        let identity = Identity(deviceOemId: id, environment: environment)
        try folder.write(try encode(identity), to: "identity.json", mode: 0o644)
        return pki
    }

    /// Certificates begin an hour ago, for clocks that are a little late.
    static func start(_ clock: WallClock) -> Instant { clock.now.adding(seconds: -3600) }

    static func encode(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }

    /// Its identifier towards automakers.
    public var deviceOemId: String { pki.deviceOemId }
    /// For instance `development`.
    public var environment: String { pki.environment }
}

// MARK: - Automakers

extension PhoneMaker {
    /// What automakers get from us.
    public func bundle() throws -> DeviceOEMBundle {
        let server = try folder.read("server.json").map {
            try JSONDecoder().decode(Server.self, from: $0)
        }
        return DeviceOEMBundle(
            environment: environment, deviceOemId: deviceOemId, root: pki.root.certificate.pem,
            server: server?.url, tlsRoot: server == nil ? nil : pki.root.certificate.pem)
    }

    /// Remembers where the server listens, for `bundle`.
    func announce(server url: String) throws {
        try folder.write(try Self.encode(Server(url: url)), to: "server.json", mode: 0o644)
    }

    /// Takes up an automaker, or its renewed certificates; refuses what does not fit us.
    @discardableResult
    public func importAutomaker(_ data: Data) throws(DeviceOEMError) -> ImportedAutomaker {
        let automaker = try ImportedAutomaker(parsing: data)
        guard automaker.environment == environment else {
            throw .environment(theirs: automaker.environment, ours: environment)
        }
        _ = try automaker.certificates(deviceRoot: pki.root.certificate, at: clock.now)
        do {
            let automakers = automakersFolder
            try automakers.create()
            try automakers.write(
                try Self.encode(automaker),
                to: ImportedAutomaker.fileName(of: automaker.vehicleOemId), mode: 0o644)
        } catch let error as DeviceOEMError {
            throw error
        } catch {
            throw .file(path: automakersFolder.url.path, reason: "\(error)")
        }
        return automaker
    }

    /// The automakers that were imported, by name.
    public func automakers() throws -> [ImportedAutomaker] {
        let folder = automakersFolder
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.url.path)) ?? []
        return try names.filter { $0.hasSuffix(".json") }.sorted().compactMap { name in
            try folder.read(name).map { try ImportedAutomaker(parsing: $0) }
        }
    }

    /// The automaker `vehicleOemId`.
    public func automaker(_ vehicleOemId: String) throws -> ImportedAutomaker {
        guard let found = try automakers().first(where: { $0.vehicleOemId == vehicleOemId }) else {
            throw DeviceOEMError.automakerUnknown(vehicleOemId)
        }
        return found
    }

    /// Relays that phones may use; none when nobody named any.
    public func relays() throws -> [Relay] {
        guard let data = try folder.read("relays.json") else { return [] }
        do {
            return try JSONDecoder().decode([Relay].self, from: data)
        } catch {
            throw DeviceOEMError.file(
                path: folder.url.appending(path: "relays.json").path,
                reason: "it is no list of {url, tlsRoot}")
        }
    }

    private var automakersFolder: PrivateFolder {
        PrivateFolder(folder.url.appending(path: "automakers"))
    }

    /// [E] for the instance CA that a phone made inside its secure element (PROTOCOL 11.1).
    public func instanceCA(for key: PublicKey, automaker: String) throws -> KeyCertificate {
        let certificate = try pki.instanceCA(
            for: key, named: "\(deviceOemId) instance CA \(key.keyId.description.prefix(16))",
            extension: InstanceCAExtension(appletVersion: [0x02, 0x00, 0x00, 0x00]),
            from: Self.start(clock), random: random)
        let issued = PrivateFolder(folder.url.appending(path: "instance-cas"))
        try issued.create()
        try issued.write(Data(certificate.pem.utf8), to: "\(key.keyId).pem", mode: 0o644)
        return certificate
    }
}
