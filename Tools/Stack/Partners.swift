// SPDX-License-Identifier: Apache-2.0

import Contracts
public import Foundation
import Identifiers
import PKI

/// The automaker's half of the exchange of bundles with a device OEM.
public struct Partners: Sendable {
    private let folder: StateFolder
    private let record: StackRecord

    /// The partners of a running stack.
    public init(folder: StateFolder) throws(StackError) {
        self.folder = folder
        record = try StackRecord.load(folder)
    }

    /// Certifies the device OEM of a bundle, tells the registry of it, and returns the automaker's
    /// bundle for it as JSON, with the device OEM's identifier.
    public func issue(deviceOEM data: Data) async throws -> (deviceOemId: String, bundle: Data) {
        let theirs = try read(data)
        guard theirs.environment == record.environment else {
            throw StackError.bundle(
                reason:
                    "it is for the environment \(theirs.environment), this stack is \(record.environment)"
            )
        }
        let automaker = try DevelopmentAutomaker(
            folder: folder.automaker, environment: record.environment
        ).load()
        let external: KeyCertificate
        do {
            external = try automaker.externalCA(
                for: KeyCertificate(pem: theirs.root), from: DevelopmentAutomaker.anHourAgo,
                random: .system)
        } catch {
            throw StackError.bundle(reason: "its root certificate: \(error)")
        }
        try await JSONClient(record.registryAPI).send(
            "POST", "/operator/v1/partners",
            RegistryAPI.AddPartnerRequest(bundle: theirs, externalCA: external.pem))
        let ours = AutomakerBundle(
            environment: record.environment, vehicleOemId: automaker.vehicleOemId,
            root: automaker.root.certificate.pem,
            intermediates: [automaker.intermediate.certificate.pem], externalCA: external.pem,
            encryption: automaker.encryption.certificate.pem,
            signature: automaker.signature.certificate.pem, server: record.partnerAPI,
            tlsRoot: automaker.tls.certificate.pem, readerMake: DevelopmentAutomaker.readerMake)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return (theirs.deviceOemId, try encoder.encode(ours))
    }

    private func read(_ data: Data) throws(StackError) -> DeviceOEMBundle {
        guard data.count <= 1 << 16 else { throw .bundle(reason: "it has more than 64 KiB") }
        do {
            return try JSONDecoder().decode(DeviceOEMBundle.self, from: data)
        } catch {
            throw .bundle(
                reason: "it is not JSON with environment, deviceOemId and root (PEM)")
        }
    }
}
