// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyCrypto
internal import PKI

/// The car's checks on the key a phone made: chain up to [J], then every field against what was
/// asked for (PROTOCOL 7.5).
enum EndpointCheck {
    /// The checked key as a record, or why it is refused.
    static func key(
        certificates: [[UInt8]], asked: EndpointCreationData, longTermSharedSecret: SecretBytes,
        _ car: Car
    ) throws(Refusal) -> KeyRecord {
        guard certificates.count == 3, let F = certificates.first, let H = certificates.last else {
            throw Refusal(.objectMalformed)
        }
        let certificate: EndpointCertificate
        do {
            certificate = try ChainVerifier.endpoint(
                F: F, E: certificates[1], H: H,
                root: TrustAnchor(
                    publicKey: car.identity.automakerKey, name: car.identity.automakerName),
                at: car.record.hasTrustedTime ? car.now : nil)
        } catch {
            throw Refusal(.chainRefused)
        }
        let endpoint = certificate.endpoint
        guard endpoint.vehicleId == asked.vehicleId,
            endpoint.vehiclePK == car.identity.publicKey
        else { throw Refusal(.identifierMismatch) }
        guard fits(endpoint, asked), certificate.notBefore == asked.notBefore,
            certificate.notAfter == asked.notAfter
        else { throw Refusal(.optionsRefused) }
        return KeyRecord(
            slotId: asked.slotId, publicKey: certificate.publicKey, version: asked.version,
            config: KeyConfig(
                profile: .owner, notBefore: asked.notBefore,
                notAfter: asked.notAfter == .noEnd ? nil : asked.notAfter),
            longTermSharedSecret: longTermSharedSecret)
    }

    private static func fits(_ endpoint: EndpointExtension, _ asked: EndpointCreationData) -> Bool {
        endpoint.optionGroup1 == asked.options.transactions.rawValue
            && endpoint.optionGroup2 == asked.options.rights.rawValue
            && endpoint.protocolVersion == asked.version.bytes
            && endpoint.initialKeySlot == asked.slotId.bytes
            && endpoint.authorizedPKs.map(\.bytes) == asked.authorizedKeys
            && endpoint.confidentialMailboxSize == Int(asked.confidentialSize)
            && endpoint.privateMailboxSize == Int(asked.privateSize)
            && endpoint.accountInfoHash == asked.accountInfoHash
    }

    /// The reason for OP CONTROL FLOW.
    struct Refusal: Error {
        var reason: OPControlFlow.Reason
        init(_ reason: OPControlFlow.Reason) { self.reason = reason }
    }
}
