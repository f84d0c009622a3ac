// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto
public import PKI

extension VehicleRecord {
    /// This car as a file; the rest of what the factory gave comes as parameters.
    ///
    /// - Parameters:
    ///   - root: [J] as PEM.
    ///   - signature: [Q] as PEM.
    public func file(
        environment: String, displayName: String, encryptionKey: PrivateKey, root: String,
        signature: String
    ) -> VehicleFile {
        let waiting = pending.map { [VehicleFile.Key($0.key, state: "pending")] } ?? []
        return VehicleFile(
            environment: environment, vehicleId: identity.vehicleId, displayName: displayName,
            vehicleKey: PEM.text(of: identity.privateKey),
            encryptionKey: PEM.text(of: encryptionKey),
            immobilizerKey: identity.immobilizerKey.exposed.hex,
            certificate: PEM.text(ofCertificate: identity.certificate.exposed),
            intermediate: identity.intermediate.map { PEM.text(ofCertificate: $0.exposed) },
            root: root, signature: signature, brand: identity.brand.hex,
            versions: identity.versions.map(\.bytes.hex), options: configuration.options.bytes.hex,
            mapping: configuration.mapping.encoded.hex,
            deviceConfiguration: configuration.device.encoded.hex,
            ownerNotBefore: configuration.ownerNotBefore,
            ownerNotAfter: configuration.ownerNotAfter,
            furtherAuthorizedKeys: configuration.furtherAuthorizedKeys.map(\.hex),
            accountInfoHash: configuration.accountInfoHash?.hex,
            keys: waiting + keys.map { VehicleFile.Key($0, state: $0.state.rawValue) },
            slots: Dictionary(
                uniqueKeysWithValues: slots.states.map { ($0.description, $1) }),
            verifier: pairing.map(VehicleFile.Verifier.init), hasTrustedTime: hasTrustedTime)
    }

    /// Takes over configuration, keys and slots of a file whose identity this car has already.
    public mutating func adopt(_ file: VehicleFile, at now: Instant) throws(PKIError) {
        do {
            configuration = VehicleConfiguration(
                options: try KeyOptions(parsing: [UInt8](hex: file.options)),
                mapping: try MailboxMapping(parsing: [UInt8](hex: file.mapping)),
                device: try DeviceConfiguration(parsing: [UInt8](hex: file.deviceConfiguration)),
                ownerNotBefore: file.ownerNotBefore, ownerNotAfter: file.ownerNotAfter,
                furtherAuthorizedKeys: try file.furtherAuthorizedKeys.map { try [UInt8](hex: $0) },
                accountInfoHash: try file.accountInfoHash.map { try [UInt8](hex: $0) })
            identity.brand = try [UInt8](hex: file.brand)
            identity.versions = try ProtocolVersion.list(
                file.versions.flatMap { try [UInt8](hex: $0) })
            var states: [SlotID: SlotState] = [:]
            for (slot, state) in file.slots { states[try SlotID(hex: slot)] = state }
            slots = SlotLedger(states)
            keys = try file.keys.filter { $0.state != "pending" }.map { try $0.record() }
            // The file does not know the pairing a pending key came from; phase 3 asks for none.
            pending = try file.keys.first { $0.state == "pending" }.map {
                PendingKey(
                    key: try $0.record(), pairingId: file.verifier?.id ?? "imported", since: now)
            }
            pairing = try file.verifier.map { try $0.mode() }
            hasTrustedTime = file.hasTrustedTime ?? true
        } catch let error as PKIError {
            throw error
        } catch {
            // Anything else would quote the secrets.
            throw .material("a member of the file is not of the right form")
        }
        guard keys.count <= Limits.keys, Set(keys.map(\.slotId)).count == keys.count,
            identity.brand.count == 2
        else { throw .material("too many keys, or two of one slot") }
    }
}

extension VehicleFile.Verifier {
    init(_ mode: PairingMode) {
        self.init(
            id: mode.id, expiresAt: mode.expiresAt, w0: mode.w0.exposed.hex, L: mode.L.exposed.hex,
            salt: mode.salt.hex, N: mode.N, r: mode.r, p: mode.p, attempts: mode.attempts)
    }

    func mode() throws -> PairingMode {
        var mode = PairingMode(
            id: id, expiresAt: expiresAt, w0: try [UInt8](hex: w0), L: try [UInt8](hex: L),
            salt: try [UInt8](hex: salt), N: N, r: r, p: p)
        mode.attempts = attempts
        return mode
    }
}

extension VehicleFile.Key {
    init(_ key: KeyRecord, state: String) {
        self.init(
            slotId: key.slotId, publicKey: key.publicKey.bytes.hex, version: key.version.bytes.hex,
            config: key.config.encoded.hex, state: state, receiptSeen: key.receiptSeen,
            kpersistent: key.kpersistent?.exposed.hex,
            longTermSharedSecret: key.longTermSharedSecret?.exposed.hex)
    }

    func record() throws -> KeyRecord {
        var record = KeyRecord(
            slotId: slotId, publicKey: try PublicKey([UInt8](hex: publicKey)),
            version: try ProtocolVersion(parsing: [UInt8](hex: version)),
            config: try KeyConfig(parsing: [UInt8](hex: config)),
            kpersistent: try Self.secret(kpersistent, 32).map(PersistentSecret.init),
            longTermSharedSecret: try Self.secret(longTermSharedSecret, 16).map(SecretBytes.init))
        record.state = state == "suspended" ? .suspended : .active
        record.receiptSeen = receiptSeen
        return record
    }

    private static func secret(_ text: String?, _ count: Int) throws -> [UInt8]? {
        guard let text else { return nil }
        let bytes = try [UInt8](hex: text)
        guard bytes.count == count else { throw PKIError.material("a secret of another size") }
        return bytes
    }
}
