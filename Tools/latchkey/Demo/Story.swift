// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import Stack

/// The main job as `make demo` tells it; each chapter checks what it claims.
struct Story: Sendable {
    let stack: Stack
    let folder: StateFolder
    let narrator: Narrator

    /// Tells all chapters; throws at the first thing that is not as expected.
    func tell() async throws {
        let commands = CommandRunner(state: folder.url)
        try await comesUp()
        try exchangesBundles(commands)
        let roadster = try await buildsCar(commands, vin: "LKY00000000000001", name: "Roadster")
        let scene = try Scene(
            fleet: Fleet(folder: folder), commands: commands, car: roadster, narrator: narrator)
        try await scene.pairs(phone: "alice")
        try await scene.registers(phone: "alice")
        try await worksWithoutServers(scene)
        let backup = try await sharesOffline(scene)
        try await friendDrives(scene)
        try await ownCarOpensWithoutTap(try await strangerIsRefused(scene))
        try await ownerRevokes(scene, backup: backup)
    }

    private func comesUp() async throws {
        narrator.step("The stack comes up")
        let started = ContinuousClock.now
        try await stack.start()
        narrator.good(
            "six services, PostgreSQL, broker and card readers are ready",
            "\(Int(Double(milliseconds: .now - started))) ms")
    }

    private func exchangesBundles(_ commands: CommandRunner) throws {
        narrator.step("Automaker and phone maker exchange bundles")
        let theirs = folder.url.appending(path: "device-oem.json").path
        let ours = folder.url.appending(path: "automaker.json").path
        try commands.run("device-oem", "export", "--out", theirs)
        try commands.run("partner", "issue", "--device-oem", theirs, "--out", ours)
        try commands.run("device-oem", "import", ours)
        narrator.good("both know each other's roots, and nothing else")
    }

    private func buildsCar(_ commands: CommandRunner, vin: String, name: String) async throws
        -> CarAPI.Vehicle
    {
        narrator.step("A vehicle is built")
        try commands.run("vehicle", "add", "--vin", vin, "--name", name)
        let fleet = try Fleet(folder: folder)
        let car = try await fleet.car(fleet.find(name).vehicleId)
        narrator.good("\(name): vehicle \(car.vehicleId), its VIN stays with the registry")
        narrator.note(
            "door reader '\(car.readers.door)', dashboard reader '\(car.readers.dashboard)'")
        return car
    }

    private func worksWithoutServers(_ scene: Scene) async throws {
        narrator.step("Broker, database and services stop; the car works on")
        try await stack.stopBackEnd()
        narrator.note("broker, PostgreSQL and five services are down")
        let printed = try await scene.tap(
            "alice", at: .door, offline: true, expects: "unlocked", by: "fast")
        // Readers of vpcd announce nothing.
        if printed.contains("reader announced: door of make FFF, key ") {
            narrator.good("the reader announced itself; alice's phone picked the key before SELECT")
        }
        try await scene.tap(
            "alice", at: .dashboard, offline: true, expects: "drive", by: "standard")
        try await stack.resumeBackEnd()
        let vehicle = try await scene.fleet.find(scene.car.displayName)
        guard vehicle.keys.map(\.state) == [.active] else {
            throw Unexpected("the registry came back without the key")
        }
        narrator.good("they are back and nothing is lost")
        try await scene.tap("alice", at: .door, expects: "locked", by: "fast")
    }

    /// Returns a copy of the friend's phone as it was before its first tap, for a later attack.
    private func sharesOffline(_ scene: Scene) async throws -> String {
        narrator.step("The owner shares; the car is offline all the while")
        try await stack.stopBroker()
        narrator.note("the broker is down: no word reaches the car")
        try scene.commands.run("phone", "new", "bob")
        let link = try scene.commands.run(
            "phone", "share", "alice", "--vehicle", scene.car.displayName, "--level",
            "Access and Drive Restricted", "--friend", "bob"
        ).value("invitation link")
        narrator.good("alice sends an invitation link; its secret never reaches the relay")
        try scene.commands.run("phone", "accept", "bob", link)
        narrator.good("bob's phone made its key and asked for the owner's signature")
        try scene.commands.run("phone", "sync", "alice")
        narrator.good("alice's phone verified the chain to the automaker root and signed")
        try scene.commands.run("phone", "sync", "bob", "--no-register")
        narrator.good("bob's phone imported the attestation")
        let phones = folder.phones
        try FileManager.default.copyItem(
            at: phones.appending(path: "bob"), to: phones.appending(path: "bob-backup"))
        return "bob-backup"
    }

    private func friendDrives(_ scene: Scene) async throws {
        narrator.step("The friend's first tap, at a car that has never heard of him")
        try await scene.tap(
            "bob", at: .door, offline: true, expects: "unlocked", by: "first friend transaction")
        try await scene.tap("bob", at: .dashboard, offline: true, expects: "drive", by: "standard")
        let car = try await scene.fleet.car(scene.car.vehicleId)
        guard car.speedLimitKmh == 105 else {
            throw Unexpected(
                "the car reports the limit \(car.speedLimitKmh.map(String.init) ?? "none")")
        }
        narrator.good("the car limits itself to 65 mph (105 km/h)")
        try await stack.resumeBackEnd()
        try scene.commands.run("phone", "sync", "bob")
        try await scene.waitFor("bob's key is ACTIVE in the registry") {
            try await scene.sharedKey(of: "bob")?.state == .active
        }
        narrator.good("bob's registration reached the registry, policy approved it")
        try await scene.tap("bob", at: .door, expects: "locked", by: "fast")
    }

    /// Returns the stranger's own car.
    private func strangerIsRefused(_ scene: Scene) async throws -> Scene {
        narrator.step("A stranger's phone, with a key for another car")
        let coupe = try await buildsOther(scene.commands)
        let other = Scene(
            fleet: scene.fleet, commands: scene.commands, car: coupe, narrator: narrator)
        try await other.pairs(phone: "carol", quietly: true)
        let output = try scene.commands.refused(
            "phone", "tap", "carol", "--vehicle", scene.car.displayName, "--at", "door", "--offline"
        )
        let entry = try await scene.newestLogEntry()
        guard entry.outcome == "refused", entry.controlFlow == "0001" else {
            throw Unexpected("the car said \(entry.outcome) to the stranger: \(output.text)")
        }
        narrator.good(
            "carol's phone is refused: \(entry.text)",
            "\(entry.apdus) APDUs, \(Int(entry.milliseconds.rounded())) ms")
        return other
    }

    private func ownCarOpensWithoutTap(_ scene: Scene) async throws {
        narrator.step("She walks up to her own car, the phone in her pocket (simulated distance)")
        try await scene.approaches("carol", metres: 6, expects: "refused")
        try await scene.approaches("carol", metres: 1.5, expects: "unlocked")
    }

    private func buildsOther(_ commands: CommandRunner) async throws -> CarAPI.Vehicle {
        try commands.run(
            "vehicle", "add", "--vin", "LKY00000000000002", "--name", "Coupe", "--passive-entry")
        let fleet = try Fleet(folder: folder)
        return try await fleet.car(fleet.find("Coupe").vehicleId)
    }

    private func ownerRevokes(_ scene: Scene, backup: String) async throws {
        narrator.step("The owner revokes the friend")
        guard let key = try await scene.sharedKey(of: "bob") else {
            throw Unexpected("bob's key is not in the registry")
        }
        try scene.commands.run("phone", "revoke", "alice", "--key", key.keyId.description)
        try await scene.waitFor("the car confirmed the revocation") {
            let car = try await scene.fleet.car(scene.car.vehicleId)
            return !car.keys.contains { $0.keyId == key.keyId }
        }
        narrator.good("order, vehicle document, confirmation: the car no longer knows the key")
        try await scene.refused("bob", at: .door, hint: "0002")
        try scene.commands.run("phone", "sync", "bob")
        try await scene.waitFor("bob's key is TERMINATED") {
            try await scene.sharedKey(of: "bob", id: key.keyId)?.state == .terminated
        }
        narrator.good("bob's phone was told and proved the end of the key")
        try await scene.waitFor("the owner's notification") {
            let list = try scene.commands.run("phone", "notifications", "alice").text
            return list.contains("SHARED_KEY_TERMINATED")
        }
        narrator.good("alice's phone shows the notification")
        try await scene.refused(backup, at: .door, hint: "0002")
        narrator.note("that was bob's phone from a backup, with the old attestation package")
    }
}
