// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyCrypto
internal import KeyProtocol
internal import PKI

/// What [H] of a new endpoint is made from.
struct EndpointOrder: Sendable {
    let description: EndpointDescription
    let key: PublicKey
    /// DER of [E].
    let instanceCA: [UInt8]
    let issuer: PrivateKey
    let random: RandomSource
}

/// Makes [H]; a parameter because a recorded pairing brings its own, whose serial was random.
struct EndpointCertificateMaker: Sendable {
    let make: @Sendable (EndpointOrder) throws(PhoneError) -> [UInt8]

    /// Issued by the instance CA under its own name.
    static let issued = EndpointCertificateMaker { order throws(PhoneError) in
        do throws(PKIError) {
            let identity = try CertifiedKey(
                key: order.issuer, certificate: KeyCertificate(der: order.instanceCA))
            return try CertificateIssuer(identity).endpoint(
                for: order.key, extension: order.description.certificateExtension,
                notBefore: order.description.notBefore, notAfter: order.description.notAfter,
                random: order.random
            ).der
        } catch { throw .object(error) }
    }
}

extension EndpointDescription {
    /// Extension .4 of [H] (PROTOCOL 11.4).
    var certificateExtension: EndpointExtension {
        EndpointExtension(
            vehicleId: vehicleId, optionGroup1: options.transactions.rawValue,
            optionGroup2: options.rights.rawValue, protocolVersion: version.bytes,
            vehiclePK: vehicleKey, initialKeySlot: slotId.bytes, authorizedPKs: authorizedKeys,
            confidentialMailboxSize: confidentialSize, privateMailboxSize: privateSize,
            accountInfoHash: accountInfoHash)
    }

    /// What an [H] says its key is bound to.
    init(_ certificate: EndpointCertificate) throws(PhoneError) {
        let value = certificate.endpoint
        guard let slotId = value.slotId,
            let version = try? ProtocolVersion(parsing: value.protocolVersion)
        else { throw .mismatch("a slot id of another profile") }
        self.init(
            vehicleId: value.vehicleId, vehicleKey: value.vehiclePK, version: version,
            options: KeyOptions(value.optionGroup1, value.optionGroup2), slotId: slotId,
            notBefore: certificate.notBefore, notAfter: certificate.notAfter,
            confidentialSize: value.confidentialMailboxSize,
            privateSize: value.privateMailboxSize, authorizedKeys: value.authorizedPKs,
            accountInfoHash: value.accountInfoHash)
    }
}
