// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import KeyCrypto
import PKI

/// The production line: gives a vehicle its identity, keys and certificate.
struct Factory {
    /// What the line made.
    struct Built: Codable {
        /// What the vehicle's computer gets.
        var provisioning: CarAPI.Provisioning
        /// What the registry gets of it, 65 bytes hex.
        var encryptionPublicKey: String
    }

    let folder: URL
    let environment: String

    /// The vehicle with this VIN; the same one when it was built before.
    func build(vin: String, name: String) throws -> Built {
        let vehicles = folder.appending(path: "vehicles", directoryHint: .isDirectory)
        try StateFolder.makeFolder(vehicles, mode: 0o700)
        let file = vehicles.appending(path: "\(vin).json")
        if let data = try? Data(contentsOf: file) {
            var built = try JSONDecoder().decode(Built.self, from: data)
            built.provisioning.displayName = name
            return built
        }
        let built = try make(name: name)
        try StateFolder.write(try JSONEncoder().encode(built), to: file)
        return built
    }

    private func make(name: String) throws -> Built {
        let random = RandomSource.system
        let automaker = try DevelopmentAutomaker(folder: folder, environment: environment).load()
        let id = try VehicleID(random.bytes(VehicleID.size, for: "vehicle_identifier"))
        let key = PrivateKey.generate(random, for: "vehicle.SK")
        let encryption = PrivateKey.generate(random, for: "vehicle encryption key")
        let certificate = try automaker.vehicleCertificate(
            for: key.publicKey, vehicleId: id, from: DevelopmentAutomaker.anHourAgo,
            random: random)
        return Built(
            provisioning: CarAPI.Provisioning(
                vehicleId: id, displayName: name, environment: environment,
                vehicleKey: key.scalar.hex, encryptionKey: encryption.scalar.hex,
                immobilizerKey: random.bytes(32, for: "K_immo").hex, certificate: certificate.pem,
                intermediate: automaker.intermediate.certificate.pem,
                root: automaker.root.certificate.pem,
                signature: automaker.signature.certificate.pem,
                readers: .init(door: "", dashboard: "")),
            encryptionPublicKey: encryption.publicKey.bytes.hex)
    }
}
