// SPDX-License-Identifier: Apache-2.0

internal import DeviceOEM
internal import Foundation
internal import Identifiers
internal import KeyCrypto
internal import KeyProtocol
internal import PKI
internal import VirtualPhone

extension Phone {
    /// Registers keys whose receipt is not here yet (PROTOCOL 7.1 phase 4, SERVER 1.4).
    func registerKeys(_ partners: PartnerClient, _ report: inout SyncReport) async throws {
        for key in card.state.keys
        where key.receipt == nil && key.configuration.keyTracking != .none
            && card.element.phase(of: key.id) == .active
        {
            do {
                try await register(key, partners)
                report.done.append(
                    "the key for \(vehicleName(of: key.id)) is registered; its receipt goes to the car at the next tap"
                )
            } catch {
                report.fail("the key for \(vehicleName(of: key.id)) is not registered", error)
            }
            try save()
        }
    }

    private func register(_ key: WalletKey, _ partners: PartnerClient) async throws {
        let automaker = try maker.automaker(key.automaker)
        let body = try registration(of: key, with: automaker, partners)
        let sealed: ECIESEnvelope
        do {
            sealed = try await partners.track(body, key: key.id, with: automaker)
        } catch let error as DeviceOEMError {
            // A refused body is made anew next time; one without answer stays as it is.
            if case .refused = error { forgetRegistration(of: key.id) }
            throw error
        }
        let receipt = try PartnerClient.receipt(from: card.open(sealed, from: key.automaker))
        try card.storeReceipt(receipt, for: key.id)
        forgetRegistration(of: key.id)
    }

    /// The body that was sent before, else one made and saved now.
    private func registration(
        of key: WalletKey, with automaker: ImportedAutomaker, _ partners: PartnerClient
    ) throws -> [UInt8] {
        if let kept = extras.registrations.first(where: { $0.key == key.id }) {
            return Array(kept.body)
        }
        guard let own = card.state.automakers.first(where: { $0.name == key.automaker }) else {
            throw PhoneError.automakerUnknown
        }
        let body = try partners.body(
            registering: KeyRegistration(
                keyId: key.id, deviceType: extras.deviceType ?? "phone",
                isOwner: key.origin == .pairing,
                accountHash: sha256(Array("\(extras.account) \(key.automaker)".utf8)),
                vehicleId: key.vehicleId, instanceCA: own.instanceCA,
                keyCertificate: key.endpointCertificate,
                encryptionCertificate: try card.encryptionCertificate(for: key.automaker),
                vehicleStatement: key.vehicleStatement, attestation: key.attestation),
            with: automaker)
        extras.registrations.append(.init(key: key.id, body: Data(body)))
        try save()
        return body
    }

    private func forgetRegistration(of key: KeyID) {
        extras.registrations.removeAll { $0.key == key }
    }
}
