// SPDX-License-Identifier: Apache-2.0

import PKI

/// An automaker and a phone maker: their keys are the same in every process.
struct FuzzParties: Sendable {
    let automaker: AutomakerPKI
    let phoneMaker: DeviceOEMPKI

    static let shared: FuzzParties = {
        do {
            let random = FuzzRandom(seed: "parties").source
            return FuzzParties(
                automaker: try .make(
                    environment: "test", vehicleOemId: "roadsters", from: FuzzWorld.begin,
                    random: random),
                phoneMaker: try .make(
                    environment: "test", deviceOemId: "handsets", from: FuzzWorld.begin,
                    random: random))
        } catch {
            fatalError("no makers: \(error)")
        }
    }()
}
