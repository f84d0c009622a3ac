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
            suspendedAhead: suspendedAhead?.map(\.description).sorted(),
            verifier: pairing.map(VehicleFile.Verifier.init), hasTrustedTime: hasTrustedTime)
    }

    /// Takes over configuration, keys and slots of a file whose identity this car has already.
    public mutating func adopt(_ file: VehicleFile, at now: Instant) throws(PKIError) {
        configuration = try file.configuration()
        identity.brand = try BenchMaterial.member("brand") {
            let bytes = try [UInt8](hex: file.brand)
            guard bytes.count == 2 else { throw ProtocolError.length }
            return bytes
        }
        identity.versions = try BenchMaterial.member("versions") {
            try ProtocolVersion.list(file.versions.flatMap { try [UInt8](hex: $0) })
        }
        slots = try BenchMaterial.member("slots") {
            var states: [SlotID: SlotState] = [:]
            for (slot, state) in file.slots { states[try SlotID(hex: slot)] = state }
            return SlotLedger(states)
        }
        var known: [KeyRecord] = []
        pending = nil
        for (number, key) in file.keys.enumerated() {
            let record = try BenchMaterial.member("keys[\(number)]") { try key.record() }
            guard key.state == "pending" else {
                known.append(record)
                continue
            }
            // The file does not know the pairing a pending key came from; phase 3 asks for none.
            pending = PendingKey(
                key: record, pairingId: file.verifier?.id ?? "imported", since: now)
        }
        keys = known
        suspendedAhead = try BenchMaterial.member("suspendedAhead") {
            try file.suspendedAhead.map { try Set($0.map { try KeyID(hex: $0) }) }
        }
        hasTrustedTime = file.hasTrustedTime ?? true
        pairing = try BenchMaterial.member("verifier") { try file.verifier.map { try $0.mode() } }
        guard keys.count <= Limits.keys, Set(keys.map(\.slotId)).count == keys.count else {
            throw .material("keys: more than \(Limits.keys), or two of one slot")
        }
    }
}

extension VehicleFile {
    /// What the car would give an owner's phone; options with which pairing cannot end are refused.
    fileprivate func configuration() throws(PKIError) -> VehicleConfiguration {
        let options = try BenchMaterial.member("options") {
            try KeyOptions(parsing: [UInt8](hex: self.options))
        }
        // Phase 3 writes the mailboxes in a standard transaction (PROTOCOL 7.7).
        guard options.isAllowed, options.transactions.contains(.exchangeAfterStandard) else {
            throw .material("options: an owner's key needs contactless (08) and EXCHANGE (04)")
        }
        return VehicleConfiguration(
            options: options,
            mapping: try BenchMaterial.member("mapping") {
                try MailboxMapping(parsing: [UInt8](hex: mapping))
            },
            device: try BenchMaterial.member("deviceConfiguration") {
                try DeviceConfiguration(parsing: [UInt8](hex: deviceConfiguration))
            },
            ownerNotBefore: ownerNotBefore, ownerNotAfter: ownerNotAfter,
            furtherAuthorizedKeys: try BenchMaterial.member("furtherAuthorizedKeys") {
                try furtherAuthorizedKeys.map { try [UInt8](hex: $0) }
            },
            accountInfoHash: try BenchMaterial.member("accountInfoHash") {
                try accountInfoHash.map { try [UInt8](hex: $0) }
            })
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
            longTermSharedSecret: key.longTermSharedSecret?.exposed.hex,
            message: key.message?.text, endingSince: key.endingSince)
    }

    func record() throws -> KeyRecord {
        var record = KeyRecord(
            slotId: slotId,
            publicKey: try BenchMaterial.member("publicKey") {
                try PublicKey([UInt8](hex: publicKey))
            },
            version: try BenchMaterial.member("version") {
                try ProtocolVersion(parsing: [UInt8](hex: version))
            },
            config: try BenchMaterial.member("config") {
                try KeyConfig(parsing: [UInt8](hex: config))
            },
            kpersistent: try Self.secret(kpersistent, 32, "kpersistent").map(PersistentSecret.init),
            longTermSharedSecret: try Self.secret(
                longTermSharedSecret, 16, "longTermSharedSecret"
            ).map(SecretBytes.init))
        record.state = state == "suspended" ? .suspended : .active
        record.receiptSeen = receiptSeen
        record.message = try BenchMaterial.member("message") {
            try message.map { try CarMessage($0) }
        }
        record.endingSince = endingSince
        return record
    }

    private static func secret(
        _ text: String?, _ count: Int, _ name: String
    ) throws(PKIError) -> [UInt8]? {
        try BenchMaterial.member(name) {
            guard let bytes = try text.map({ try [UInt8](hex: $0) }) else { return nil }
            guard bytes.count == count else { throw ProtocolError.length }
            return bytes
        }
    }
}
