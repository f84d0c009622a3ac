// SPDX-License-Identifier: Apache-2.0

import DeviceOEM
import Foundation
import Identifiers
import KeyCrypto
import PKI
import ServiceKit
import TestKit
import Testing
import VirtualPhone

@testable import PhoneHost

/// Phones in a folder, as the command line has them, that trust the roadster's maker.
final class RealPhones: Sendable {
    private let folder: URL

    init(for car: TestCar) throws {
        folder = FileManager.default.temporaryDirectory
            .appending(path: "latchkey-phones-\(UUID().uuidString.prefix(8))")
        let maker = try maker
        try maker.importAutomaker(
            car.pki.bundle(for: maker.pki.root.certificate, environment: car.environment))
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private var maker: PhoneMaker {
        get throws {
            try PhoneMaker.open(
                folder.appending(path: "oem"), deviceOemId: "acme-phones", environment: "test")
        }
    }

    /// Uses a phone, made at its first use, on a thread of its own: its calls block.
    func use<Value: Sendable>(
        _ name: String, _ body: @escaping @Sendable (Phone) throws -> Value
    ) async throws -> Value {
        try await blocking { try body(self.phone(name)) }
    }

    /// Whether there is a phone of this name.
    func has(_ name: String) -> Bool { Phone.names(in: phones).contains(name) }

    private var phones: URL { folder.appending(path: "phones") }

    private func phone(_ name: String) throws -> Phone {
        try Phone.names(in: phones).contains(name)
            ? Phone.open(name, in: phones, maker: maker)
            : Phone.make(name, in: phones, maker: maker)
    }

    /// The automaker's server is there from now on; its root [D] is what the server trusts.
    func importServer(_ url: String, of car: TestCar) throws -> KeyCertificate {
        let maker = try maker
        let root = maker.pki.root.certificate
        let bundle = try car.pki.bundle(for: root, environment: car.environment, tlsRoot: true)
        var members =
            try JSONSerialization.jsonObject(with: bundle) as? [String: String] ?? [:]
        members["server"] = url
        try maker.importAutomaker(JSONSerialization.data(withJSONObject: members))
        return root
    }

    /// Goes online.
    func sync(_ name: String) async throws -> SyncReport { try await phone(name).sync() }

    /// Gives the only key of a phone the receipt it would have from trackKey.
    func register(_ name: String, by car: TestCar) async throws -> KeyID {
        try await use(name) { phone in
            let key = try #require(phone.keys.first)
            let signer = car.pki.automaker.signature.key
            let receipt = try KtsReceipt.signed(
                KtsReceiptBody(
                    vehicleId: key.vehicleId, keyId: key.id,
                    slotId: try #require(phone.file().keys.first).slotId,
                    time: WallClock.system.now, ktsKeyId: signer.publicKey.keyId), by: signer)
            try phone.card.storeReceipt(receipt, for: key.id)
            try phone.save()
            return key.id
        }
    }

    /// Gives the watch a key of its own from the owner's phone.
    func equip(_ watch: String, from name: String) async throws -> KeyID {
        try await use(name) { phone in
            try phone.equip(watch, in: self.phones, with: phone.ownerKey(for: nil))
        }
    }

    /// Puts the phone into lost mode, or takes it out.
    func lose(_ name: String, _ isLost: Bool = true) async throws {
        _ = try await phone(name).setLost(isLost, offline: true)
    }

    /// Ends a key, offline.
    func delete(_ key: KeyID, of name: String) async throws {
        _ = try await phone(name).delete(key, offline: true)
    }

    /// Holds a phone to a reader of the car.
    func tap(
        _ name: String, at reader: String, of gateway: TestGateway,
        _ options: TapOptions = TapOptions()
    ) async throws -> TapResult {
        let port = try #require(gateway.service.port(of: reader))
        return try await use(name) { phone in
            try phone.tap(ListenAddress(host: "127.0.0.1", port: Int(port)), options)
        }
    }

    /// Makes the phone the owner's.
    func pair(_ name: String, with gateway: TestGateway) async throws {
        try await gateway.apply(gateway.car.document(1, pairing: "pairing-1"))
        let result = try await tap(
            name, at: TestCar.dashboardName, of: gateway, TapOptions(password: TestCar.password))
        try #require(result.isSuccess, "\(result.text)")
    }

    /// Walks up to the car.
    func approach(_ name: String, _ radio: String, at centimetres: UInt16 = 150) async throws
        -> ApproachResult
    {
        try await use(name) { phone in
            try phone.approach(
                ListenAddress(radio) ?? ListenAddress(host: "", port: 0),
                ApproachOptions(centimetres: centimetres))
        }
    }
}

/// Runs calls that block beside the tasks of a test.
func blocking<Value: Sendable>(
    _ body: @escaping @Sendable () throws -> Value
) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
}
