// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import KeyCrypto
import Messaging
import PKI
import Postgres
import ServiceKit

extension Registrar {
    /// A vehicle leaves the factory; a repeat with the same particulars changes nothing.
    func add(_ request: RegistryAPI.AddVehicleRequest) async throws -> VehicleRegistration {
        let certificate = try vehicleCertificate(request.certificate, of: request.vehicleId)
        let vehicle = VehicleRegistration(
            vin: try Self.checked(vin: request.vin), vehicleId: request.vehicleId,
            displayName: try Self.checked(request.displayName, "displayName", 1...30),
            account: try Self.checked(request.account, "account", 1...254),
            publicKey: certificate.publicKey.bytes,
            encryptionPublicKey: try Self.checked(point: request.encryptionPublicKey),
            state: .unpaired, documentVersion: 0, confirmedVersion: 0, reportSequence: 0,
            receiptPolicy: .deferred, pairing: nil)
        return try await database.transaction { transaction in
            let store = VehicleStore(transaction)
            if let existing = try await store.existing(vin: vehicle.vin, id: vehicle.vehicleId) {
                guard existing.isSameVehicle(as: vehicle) else {
                    throw RegistryError.vehicleExists
                }
                return existing
            }
            try await store.insert(vehicle)
            var added = vehicle
            try await desk.publishDocument(for: &added, in: transaction)
            return added
        }
    }

    /// All vehicles with their keys, for operators.
    func vehicles() async throws -> [RegistryAPI.Vehicle] {
        try await database.transaction { transaction in
            var result: [RegistryAPI.Vehicle] = []
            for vehicle in try await VehicleStore(transaction).all() {
                let keys = try await KeyStore(transaction).ofVehicle(vehicle.vehicleId)
                result.append(.init(vehicle, keys))
            }
            return result
        }
    }

    /// One vehicle with its keys.
    func vehicle(_ id: VehicleID) async throws -> RegistryAPI.Vehicle {
        try await database.transaction { transaction in
            .init(
                try await VehicleStore(transaction).find(id),
                try await KeyStore(transaction).ofVehicle(id))
        }
    }

    /// One key.
    func key(_ id: KeyID) async throws -> RegistryAPI.Key {
        let key = try await database.transaction { try await KeyStore($0).find(id) }
        guard let key else { throw RegistryError.keyUnknown }
        return .init(key.state)
    }

    /// The owner's app asks for a pairing password; an earlier one is void from now on.
    func startPairing(_ id: VehicleID, account: String, made: PairingPassword) async throws
        -> RegistryAPI.Pairing
    {
        try await database.transaction { transaction in
            var vehicle = try await VehicleStore(transaction).find(id)
            guard vehicle.account == account else { throw RegistryError.notBound }
            let expiresAt = clock.now.adding(seconds: PairingPassword.lifetimeSeconds)
            let recipient = try PublicKey(vehicle.encryptionPublicKey)
            vehicle.pairing = .init(
                id: random.bytes(16, for: "pairing id").hex, expiresAt: expiresAt,
                verifier: try ECIES.seal(
                    Array(ColumnJSON.encode(made.verifier).utf8), to: recipient, random))
            if vehicle.state == .unpaired { vehicle.state = .pairing }
            try await desk.publishDocument(for: &vehicle, in: transaction)
            return RegistryAPI.Pairing(
                vehicleId: id, password: made.password.exposed,
                welcomeLink: "latchkey://pair?vehicle=\(id)#\(made.password.exposed)",
                expiresAt: expiresAt, manufacturerIdentifier: identity.vehicleOemId,
                productPlanIdentifier: "standard", supportedRadioTechnologies: ["NFC"])
        }
    }

    private func vehicleCertificate(_ pem: String, of id: VehicleID) throws -> KeyCertificate {
        do {
            let certificate = try KeyCertificate(pem: pem)
            let intermediate = identity.intermediates.first {
                $0.subjectName == certificate.issuerName
            }
            let vehicle = try ChainVerifier.vehicle(
                K: certificate, intermediate: intermediate, anchor: identity.root, at: clock.now)
            guard vehicle.vehicleId == id else { throw PKIError.chain("K: another vehicle id") }
            return certificate
        } catch {
            throw RegistryError.chainInvalid("the vehicle certificate: \(error)")
        }
    }

    private static func checked(vin: String) throws -> String {
        let letters = Set("ABCDEFGHJKLMNPRSTUVWXYZ0123456789")
        guard vin.count == 17, vin.allSatisfy(letters.contains) else {
            throw RegistryError.malformed("vin takes 17 characters without I, O and Q")
        }
        return vin
    }

    static func checked(_ text: String, _ name: String, _ bytes: ClosedRange<Int>) throws -> String
    {
        guard bytes.contains(text.utf8.count) else {
            throw RegistryError.malformed(
                "\(name) takes \(bytes.lowerBound) to \(bytes.upperBound) bytes")
        }
        return text
    }

    private static func checked(point hex: String) throws -> [UInt8] {
        do {
            return try PublicKey([UInt8](hex: hex)).bytes
        } catch {
            throw RegistryError.malformed("encryptionPublicKey is not a point of 65 bytes in hex")
        }
    }
}

extension RegistryAPI.Vehicle {
    init(_ vehicle: VehicleRegistration, _ keys: [TrackedKey]) {
        self.init(
            vin: vehicle.vin, vehicleId: vehicle.vehicleId, displayName: vehicle.displayName,
            account: vehicle.account, state: vehicle.state.rawValue,
            documentVersion: vehicle.documentVersion, confirmedVersion: vehicle.confirmedVersion,
            keys: keys.map { RegistryAPI.Key($0.state) })
    }
}

extension RegistryAPI.Key {
    init(_ state: TrackedKeyState) {
        self.init(
            keyId: state.keyId, keyType: state.keyType, state: state.state,
            deviceOemId: state.deviceOemId, slotId: state.slotId, profile: state.profile,
            notBefore: state.notBefore, notAfter: state.notAfter)
    }
}
