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
            receipt: wallet.receipt?.hex, termination: endpoint.termination?.bytes.hex,
            message: wallet.message?.text, endsAt: wallet.endsAt)
    }

    /// The secure element's side.
    func endpoint() throws(PKIError) -> Endpoint {
        let key = try BenchMaterial.member("privateKey") { try PEM.privateKey(privateKey) }
        let privateBytes = try Self.mailbox("privateMailbox", privateMailbox)
        let confidentialBytes = try Self.mailbox("confidentialMailbox", confidentialMailbox)
        var endpoint = Endpoint(
            keyId: key.publicKey.keyId, origin: origin, phase: phase,
            description: EndpointDescription(
                vehicleId: vehicleId,
                vehicleKey: try BenchMaterial.member("vehicleKey") {
                    try PublicKey([UInt8](hex: vehicleKey))
                },
                version: try BenchMaterial.member("version") {
                    try ProtocolVersion(parsing: [UInt8](hex: version))
                },
                options: try BenchMaterial.member("options") {
                    try KeyOptions(parsing: [UInt8](hex: options))
                }, slotId: slotId,
                notBefore: notBefore, notAfter: notAfter,
                confidentialSize: confidentialBytes.count, privateSize: privateBytes.count,
                authorizedKeys: try BenchMaterial.member("authorizedKeys") {
                    try authorizedKeys.map { try PublicKey([UInt8](hex: $0)) }
                },
                accountInfoHash: try Self.bytes("accountInfoHash", accountInfoHash)),
            mapping: try BenchMaterial.member("mapping") {
                try MailboxMapping(parsing: [UInt8](hex: mapping))
            }, privateKey: key,
            mailboxes: Mailboxes(
                privateBytes: privateBytes, confidentialBytes: confidentialBytes))
        endpoint.encryptionKey = try BenchMaterial.member("encryptionKey") {
            try encryptionKey.map { try PEM.privateKey($0) }
        }
        endpoint.longTermSharedSecret = try Self.bytes(
            "longTermSharedSecret", longTermSharedSecret
        ).map(SecretBytes.init)
        endpoint.hasToken = hasToken
        endpoint.termination = try Self.bytes("termination", termination).map(StoredBytes.init)
        return endpoint
    }

    /// The wallet's side.
    func walletKey(_ endpoint: Endpoint) throws(PKIError) -> WalletKey {
        let certificate = try Self.certificate("certificate", certificate)
        guard certificate.publicKey == endpoint.privateKey.publicKey else {
            throw .material("certificate is not that of privateKey")
        }
        let (value, configuration) = try BenchMaterial.member("deviceConfiguration") {
            let value = try [UInt8](hex: deviceConfiguration)
            return (value, try DeviceConfiguration(parsing: value))
        }
        var key = WalletKey(
            id: endpoint.keyId, origin: origin, vehicleId: vehicleId, automaker: automaker,
            mapping: endpoint.mapping, configuration: configuration,
            vehicleVersions: try BenchMaterial.member("vehicleVersions") {
                try ProtocolVersion.list(vehicleVersions.flatMap { try [UInt8](hex: $0) })
            },
            vehicleCertificate: try Self.certificate("vehicleCertificate", vehicleCertificate).der,
            intermediate: try intermediate.map { text throws(PKIError) in
                try Self.certificate("intermediate", text).der
            },
            endpointCertificate: certificate.der,
            mappingValue: StoredBytes(endpoint.mapping.encoded),
            configurationValue: StoredBytes(value))
        key.vehicleStatement = try Self.bytes("vehicleStatement", vehicleStatement)
        key.creationRequest = try Self.bytes("creationRequest", creationRequest)
        key.attestation = try Self.bytes("attestation", attestation)
        key.receipt = try Self.bytes("receipt", receipt)
        key.message = try BenchMaterial.member("message") { try message.map { try CarMessage($0) } }
        key.endsAt = endsAt
        return key
    }

    private static func bytes(_ name: String, _ text: String?) throws(PKIError) -> [UInt8]? {
        try BenchMaterial.member(name) { try text.map { try [UInt8](hex: $0) } }
    }

    private static func certificate(
        _ name: String, _ pem: String
    ) throws(PKIError) -> KeyCertificate {
        try BenchMaterial.member(name) { try KeyCertificate(pem: pem) }
    }

    private static func mailbox(_ name: String, _ text: String) throws(PKIError) -> [UInt8] {
        let bytes = try BenchMaterial.member(name) { try [UInt8](hex: text) }
        guard bytes.count <= Limits.mailbox else {
            throw .material("\(name): more than \(Limits.mailbox) bytes")
        }
        return bytes
    }
}
