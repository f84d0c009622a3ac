// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyCrypto
internal import KeyProtocol
internal import PKI

extension PhoneFile.Key {
    init(_ endpoint: Endpoint, _ wallet: WalletKey, _ kpersistent: [UInt8]?) {
        let bound = endpoint.description
        self.init(
            origin: endpoint.origin, phase: endpoint.phase, automaker: wallet.automaker,
            privateKey: PEM.text(of: endpoint.privateKey),
            encryptionKey: endpoint.encryptionKey.map(PEM.text),
            vehicleId: bound.vehicleId, vehicleKey: bound.vehicleKey.bytes.hex,
            version: bound.version.bytes.hex, options: bound.options.bytes.hex,
            slotId: bound.slotId, notBefore: bound.notBefore, notAfter: bound.notAfter,
            authorizedKeys: bound.authorizedKeys.map(\.bytes.hex),
            accountInfoHash: bound.accountInfoHash?.hex,
            certificate: PEM.text(ofCertificate: wallet.endpointCertificate),
            mapping: wallet.mappingValue.bytes.hex,
            deviceConfiguration: wallet.configurationValue.bytes.hex,
            vehicleVersions: wallet.vehicleVersions.map(\.bytes.hex),
            vehicleCertificate: PEM.text(ofCertificate: wallet.vehicleCertificate),
            intermediate: wallet.intermediate.map(PEM.text(ofCertificate:)),
            privateMailbox: endpoint.mailboxes.bytes(of: .privateMailbox).hex,
            confidentialMailbox: endpoint.mailboxes.bytes(of: .confidential).hex,
            hasToken: endpoint.hasToken, kpersistent: kpersistent?.hex,
            longTermSharedSecret: endpoint.longTermSharedSecret?.exposed.hex,
            vehicleStatement: wallet.vehicleStatement?.hex,
            creationRequest: wallet.creationRequest?.hex, attestation: wallet.attestation?.hex,
            receipt: wallet.receipt?.hex, termination: endpoint.termination?.bytes.hex)
    }

    /// The secure element's side.
    func endpoint() throws -> Endpoint {
        let key = try PEM.privateKey(privateKey)
        let (privateBytes, confidentialBytes) = (
            try [UInt8](hex: privateMailbox), try [UInt8](hex: confidentialMailbox)
        )
        guard privateBytes.count <= Limits.mailbox, confidentialBytes.count <= Limits.mailbox
        else { throw PhoneError.corrupted }
        var endpoint = Endpoint(
            keyId: key.publicKey.keyId, origin: origin, phase: phase,
            description: EndpointDescription(
                vehicleId: vehicleId, vehicleKey: try PublicKey([UInt8](hex: vehicleKey)),
                version: try ProtocolVersion(parsing: [UInt8](hex: version)),
                options: try KeyOptions(parsing: [UInt8](hex: options)), slotId: slotId,
                notBefore: notBefore, notAfter: notAfter,
                confidentialSize: confidentialBytes.count, privateSize: privateBytes.count,
                authorizedKeys: try authorizedKeys.map { try PublicKey([UInt8](hex: $0)) },
                accountInfoHash: try Self.bytes(accountInfoHash)),
            mapping: try MailboxMapping(parsing: [UInt8](hex: mapping)), privateKey: key,
            mailboxes: Mailboxes(
                privateBytes: privateBytes, confidentialBytes: confidentialBytes))
        endpoint.encryptionKey = try encryptionKey.map { try PEM.privateKey($0) }
        endpoint.longTermSharedSecret = try Self.bytes(longTermSharedSecret).map(SecretBytes.init)
        endpoint.hasToken = hasToken
        endpoint.termination = try Self.bytes(termination).map(StoredBytes.init)
        return endpoint
    }

    /// The wallet's side.
    func walletKey(_ endpoint: Endpoint) throws -> WalletKey {
        let certificate = try KeyCertificate(pem: certificate)
        guard certificate.publicKey == endpoint.privateKey.publicKey else {
            throw PKIError.material("certificate is not that of privateKey")
        }
        let configurationValue = try [UInt8](hex: deviceConfiguration)
        var key = WalletKey(
            id: endpoint.keyId, origin: origin, vehicleId: vehicleId, automaker: automaker,
            mapping: endpoint.mapping,
            configuration: try DeviceConfiguration(parsing: configurationValue),
            vehicleVersions: try ProtocolVersion.list(
                vehicleVersions.flatMap { try [UInt8](hex: $0) }),
            vehicleCertificate: try KeyCertificate(pem: vehicleCertificate).der,
            intermediate: try intermediate.map { try KeyCertificate(pem: $0).der },
            endpointCertificate: certificate.der,
            mappingValue: StoredBytes(endpoint.mapping.encoded),
            configurationValue: StoredBytes(configurationValue))
        key.vehicleStatement = try Self.bytes(vehicleStatement)
        key.creationRequest = try Self.bytes(creationRequest)
        key.attestation = try Self.bytes(attestation)
        key.receipt = try Self.bytes(receipt)
        return key
    }

    private static func bytes(_ text: String?) throws -> [UInt8]? {
        try text.map { try [UInt8](hex: $0) }
    }
}
