// SPDX-License-Identifier: Apache-2.0

import Contracts
import DeviceOEM
import Foundation
import Identifiers
import KeyProtocol
import PKI

@testable import VirtualPhone

/// Files that people carry from one bench to another.
extension FuzzTarget {
    static let files = [
        FuzzTarget("automaker-file", automaker),
        FuzzTarget("vehicle-file", vehicle),
        FuzzTarget("phone-file", phone),
    ]

    @Sendable private static func automaker(_ bytes: [UInt8]) throws {
        guard let automaker = try? ImportedAutomaker(parsing: Data(bytes)) else { return }
        let root = FuzzParties.shared.phoneMaker.root.certificate
        _ = try? automaker.certificates(deviceRoot: root, at: FuzzWorld.noon)
    }

    /// Into a car that stands there already: what it takes it gives out again.
    @Sendable private static func vehicle(_ bytes: [UInt8]) throws {
        guard let file = try? JSONDecoder().decode(VehicleFile.self, from: Data(bytes)) else {
            return
        }
        let before = FuzzWorld.shared.car
        var (car, again) = (before, before)
        guard (try? car.adopt(file, at: FuzzWorld.noon)) != nil else { return }
        try again.adopt(Self.file(of: car), at: FuzzWorld.noon)
        try require(again == car, "a car is another after export and import")
    }

    private static func file(of car: VehicleRecord) -> VehicleFile {
        car.file(
            environment: "test", displayName: "", encryptionKey: FuzzKeys.car, root: "",
            signature: "")
    }

    @Sendable private static func phone(_ bytes: [UInt8]) throws {
        guard let file = try? JSONDecoder().decode(PhoneFile.self, from: Data(bytes)),
            let snapshot = try? PhoneCard.Snapshot(file)
        else { return }
        let again = try PhoneCard.Snapshot(snapshot.file(environment: file.environment))
        try require(
            again.secureElement.endpoints.count == snapshot.secureElement.endpoints.count,
            "a phone has other keys after export and import")
    }
}
