// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import Stack

/// One car, and phones that come to it.
struct Scene: Sendable {
    /// The two readers of a car.
    enum Place: String {
        case door, dashboard
    }

    let fleet: Fleet
    let commands: CommandRunner
    let car: CarAPI.Vehicle
    let narrator: Narrator

    /// Makes a phone and pairs it as the owner's.
    func pairs(phone: String, quietly: Bool = false) async throws {
        if !quietly { narrator.step("Owner pairing over the dashboard reader") }
        try commands.run("phone", "new", phone)
        let pairing = try commands.run("vehicle", "pair", car.displayName)
        let password = try pairing.value("pairing password")
        if !quietly {
            narrator.note("pairing password \(password), \(try pairing.value("welcome link"))")
        }
        let output = try commands.run(
            "phone", "tap", phone, "--vehicle", car.displayName, "--at", Place.dashboard.rawValue,
            "--password", password)
        let entry = try await newestLogEntry()
        guard entry.outcome == "paired" else {
            throw Unexpected("the car says \(entry.outcome) (\(entry.text)): \(output.text)")
        }
        narrator.good("\(phone) is the owner of \(car.displayName)", Self.timing(entry))
    }

    /// Registers the key and brings the receipt to the car.
    func registers(phone: String) async throws {
        narrator.step("The key is registered, the receipt travels through the phone's mailbox")
        let output = try commands.run("phone", "sync", phone)
        narrator.good(
            "trackKey: the registry verified the chain and signed a receipt",
            "\(Int(output.milliseconds)) ms")
        try await tap(phone, at: .dashboard, expects: "drive", by: "standard")
        let held = try await fleet.car(car.vehicleId)
        guard held.keys.contains(where: \.receiptSeen) else {
            throw Unexpected("the car has not seen the receipt")
        }
        narrator.good("the car read the receipt")
        let list = try commands.run("phone", "list").text
        guard list.contains("active") else { throw Unexpected("the wallet shows: \(list)") }
        narrator.good("the wallet shows the key active")
        let pass = try commands.run("phone", "pass", phone)
        narrator.good("the wallet holds the pass, \(try pass.value("state"))")
    }

    /// A tap that must end as expected on both sides; returns what the phone printed.
    @discardableResult
    func tap(
        _ phone: String, at place: Place, offline: Bool = false, expects outcome: String,
        by transaction: String
    ) async throws -> String {
        let output =
            offline
            ? try commands.run(
                "phone", "tap", phone, "--vehicle", car.displayName, "--at", place.rawValue,
                "--offline")
            : try commands.run(
                "phone", "tap", phone, "--vehicle", car.displayName, "--at", place.rawValue)
        let entry = try await newestLogEntry()
        guard entry.outcome == outcome, entry.transaction == transaction else {
            throw Unexpected(
                "expected \(outcome) by \(transaction), the car says \(entry.outcome) by \(entry.transaction ?? "nothing") (\(entry.text)); the phone says \(output.text)"
            )
        }
        narrator.good(
            "\(phone) at the \(place.rawValue): \(outcome == "drive" ? "engine started" : outcome)",
            "\(transaction), \(Self.timing(entry))")
        return output.text
    }

    /// A tap that the car must refuse with `hint`.
    func refused(_ phone: String, at place: Place, hint: String) async throws {
        _ = try commands.refused(
            "phone", "tap", phone, "--vehicle", car.displayName, "--at", place.rawValue, "--offline"
        )
        let entry = try await newestLogEntry()
        guard entry.outcome == "refused", entry.controlFlow == hint else {
            throw Unexpected(
                "expected a refusal \(hint), the car says \(entry.outcome) \(entry.controlFlow ?? "")"
            )
        }
        narrator.good("\(phone) is refused: \(entry.text)", Self.timing(entry))
    }

    /// Comes near without a tap; the car must do as expected.
    func approaches(_ phone: String, metres: Double, expects outcome: String) async throws {
        let approach = [
            "phone", "approach", phone, "--vehicle", car.displayName, "--distance", "\(metres)",
        ]
        let output = try commands.start(approach)
        let entry = try await newestLogEntry()
        guard entry.outcome == outcome, (output.code == 0) == (outcome == "unlocked") else {
            throw Unexpected(
                "expected \(outcome), the car says \(entry.outcome) (\(entry.text)); the phone says \(output.text)"
            )
        }
        narrator.good("\(phone) comes near: \(outcome). \(entry.text)", Self.timing(entry))
    }

    /// The newest line of the car's own log.
    func newestLogEntry() async throws -> CarAPI.LogEntry {
        guard let entry = try await fleet.log(car.vehicleId, limit: 1).first else {
            throw Unexpected("the car's log is empty")
        }
        return entry
    }

    /// The shared key of the car, as the registry knows it.
    func sharedKey(of friend: String, id: KeyID? = nil) async throws -> RegistryAPI.Key? {
        try await fleet.find(car.displayName).keys
            .first { $0.keyType == .shared && (id == nil || $0.keyId == id) }
    }

    /// Waits until something became true, 15 seconds at most.
    func waitFor(_ what: String, _ isTrue: () async throws -> Bool) async throws {
        for _ in 0..<150 {
            if try await isTrue() { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw Unexpected("waited in vain: \(what)")
    }

    private static func timing(_ entry: CarAPI.LogEntry) -> String {
        "\(entry.apdus) APDUs, \(Int(entry.milliseconds.rounded())) ms"
    }
}
