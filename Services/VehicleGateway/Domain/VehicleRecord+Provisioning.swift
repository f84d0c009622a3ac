// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import KeyCrypto
import KeyProtocol
import PKI

extension VehicleRecord {
    /// A car as the factory line describes it; what does not fit together is refused.
    init(provisioned given: CarAPI.Provisioning, at now: Instant) throws {
        do {
            self = try Self.made(from: given, at: now)
        } catch let error as PKIError {
            throw GatewayError(refusing: error)
        } catch let error as GatewayError {
            throw error
        } catch {
            // Anything else would be about the secrets themselves.
            throw GatewayError.provisioning("a key of another length")
        }
    }

    private static func made(
        from given: CarAPI.Provisioning, at now: Instant
    ) throws -> VehicleRecord {
        let root = try BenchMaterial.member("root") { try KeyCertificate(pem: given.root) }
        try ChainVerifier.root(root, as: .automakerRoot, at: now)
        let anchor = TrustAnchor(root)
        let signer = try BenchMaterial.member("signature") {
            try KeyCertificate(pem: given.signature)
        }
        try ChainVerifier.issued(signer, as: .serverSignature, by: anchor, at: now)
        let certificate = try BenchMaterial.member("certificate") {
            try KeyCertificate(pem: given.certificate)
        }
        let intermediate = try BenchMaterial.member("intermediate") {
            try given.intermediate.map { text in try KeyCertificate(pem: text) }
        }
        let vehicle = try ChainVerifier.vehicle(
            K: certificate, intermediate: intermediate, anchor: anchor, at: now)
        let identity = try VehicleIdentity(
            vehicleId: given.vehicleId,
            privateKey: BenchMaterial.member("vehicleKey") { try [UInt8](hex: given.vehicleKey) },
            certificate: certificate.der, intermediate: intermediate?.der,
            automakerKey: root.publicKey, automakerName: root.subjectName,
            receiptKey: signer.publicKey,
            immobilizerKey: BenchMaterial.member("immobilizerKey") {
                try [UInt8](hex: given.immobilizerKey)
            })
        _ = try BenchMaterial.member("encryptionKey") {
            try PrivateKey(scalar: [UInt8](hex: given.encryptionKey))
        }
        guard vehicle.vehicleId == given.vehicleId else {
            throw GatewayError.provisioning("[K] is the certificate of another vehicle")
        }
        guard vehicle.publicKey == identity.publicKey else {
            throw GatewayError.provisioning("[K] is the certificate of another key")
        }
        guard (1...30).contains(given.displayName.utf8.count) else {
            throw GatewayError.provisioning("displayName takes 1 to 30 bytes")
        }
        return VehicleRecord(
            identity: identity,
            configuration: VehicleConfiguration(
                options: given.passiveEntry == nil ? .ownerDefault : .ownerPassiveEntry,
                device: DeviceConfiguration(displayName: given.displayName),
                ownerNotBefore: certificate.notBefore))
    }

    /// Takes over what the factory sent again; keys and slots stay. Passive entry that is new works with
    /// keys made from now on.
    mutating func adoptIdentity(of other: VehicleRecord) throws(GatewayError) {
        guard other.identity.publicKey == identity.publicKey || keys.isEmpty && pending == nil
        else {
            throw .provisioning("the vehicle has keys, which belong to its key in force")
        }
        identity = other.identity
        configuration.device.displayName = other.configuration.device.displayName
        let options = other.configuration.options
        configuration.options.transactions = options.transactions
        configuration.options.rights.subtract(.ranging)
        configuration.options.rights.formUnion(options.rights.intersection(.ranging))
    }
}
