// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import VirtualPhone

/// Whether the time of a phone's answers tells if it holds a key for the vehicle (PROTOCOL 3.4): a known
/// and an unknown vehicle take turns at one phone.
struct Secrecy {
    private var auth0 = Turns()
    private var auth1 = Turns()

    private struct Turns {
        var known = Samples()
        var unknown = Samples()

        /// The slower median by the faster one; 1 tells nothing.
        var difference: Double {
            max(known.median, unknown.median) / min(known.median, unknown.median)
        }
    }

    init(rounds: Int) throws {
        let scene = try Scene()
        var (_, phone) = try scene.paired()
        let vehicles = [scene.car.identity.vehicleId, VehicleID(uncheckedBytes: [UInt8](1...8))]
        let clock = ContinuousClock()
        _ = phone.respond(to: ApplicationID.applet.select.encoded, at: Scene.now)
        for round in -rounds / 10..<rounds {
            // The order changes, so that neither is always the one after a pause.
            for isKnown in round % 2 == 0 ? [true, false] : [false, true] {
                let auth0 = try Self.auth0(vehicles[isKnown ? 0 : 1])
                let auth1 = Auth1Response.command(signature: [UInt8](repeating: 0x11, count: 64))
                let start = clock.now
                let opened = phone.respond(to: auth0, at: Scene.now)
                let middle = clock.now
                let refused = phone.respond(to: auth1.encoded, at: Scene.now)
                let end = clock.now
                guard opened.count == 87, refused == [0x69, 0x82] else {
                    throw BenchmarkError("the phone answered \(opened.count) bytes, \(refused.hex)")
                }
                guard round >= 0 else { continue }  // warming up
                if isKnown {
                    self.auth0.known.add(middle - start)
                    self.auth1.known.add(end - middle)
                } else {
                    self.auth0.unknown.add(middle - start)
                    self.auth1.unknown.add(end - middle)
                }
            }
        }
    }

    var figures: [Figure] {
        [
            Figure(
                name: "AUTH0 of a known / of an unknown vehicle, phone",
                measured: auth0.difference, goal: 1.02, unit: "  "),
            Figure(
                name: "AUTH1 refused, known / unknown vehicle, phone",
                measured: auth1.difference, goal: 1.02, unit: "  "),
        ]
    }

    private static func auth0(_ vehicle: VehicleID) throws -> [UInt8] {
        Auth0Command(
            version: .v0200,
            vehicleEphemeral: PrivateKey.generate(.system, for: "vehicle_eSK").publicKey.bytes,
            transactionId: RandomSource.system.bytes(16, for: "transaction id"), vehicleId: vehicle
        ).command(fast: true, .unlock).encoded
    }
}
