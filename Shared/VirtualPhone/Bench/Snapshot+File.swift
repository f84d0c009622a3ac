// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyCrypto
internal import KeyProtocol
internal import PKI

extension PhoneCard.Snapshot {
    /// This phone as a file; the one door through which keys leave the secure element.
    public func file(environment: String) -> PhoneFile {
        let makers = phone.automakers.compactMap { maker in
            secureElement.instanceCAs.first { $0.automaker == maker.name }.map { own in
                PhoneFile.Maker(
                    name: maker.name, rootKey: maker.rootKey.bytes.hex,
                    rootName: maker.rootName, readerMake: maker.readerMake,
                    externalCA: PEM.text(ofCertificate: maker.externalCA),
                    instanceCA: PEM.text(ofCertificate: maker.instanceCA),
                    instanceKey: PEM.text(of: own.privateKey),
                    signatureKeys: maker.signatureKeys.map(\.bytes.hex))
            }
        }
        let keys = phone.keys.compactMap { wallet in
            secureElement.endpoints.first { $0.keyId == wallet.id }.map { endpoint in
                PhoneFile.Key(
                    endpoint, wallet,
                    secureElement.persistentKeys.first { $0.keyId == wallet.id }?.secret.exposed)
            }
        }
        return PhoneFile(
            environment: environment, versions: phone.versions.map(\.bytes.hex), makers: makers,
            keys: keys)
    }

    /// A phone as a file describes it.
    public init(_ file: PhoneFile) throws(PhoneError) {
        self.init()
        do throws(PKIError) {
            phone.versions = try BenchMaterial.member("versions") {
                try ProtocolVersion.list(file.versions.flatMap { try [UInt8](hex: $0) })
            }
            for (number, maker) in file.makers.enumerated() {
                try BenchMaterial.member("makers[\(number)]") { try take(maker) }
            }
            for (number, key) in file.keys.enumerated() {
                try BenchMaterial.member("keys[\(number)]") { try take(key) }
            }
        } catch {
            throw .object(error)
        }
    }

    private mutating func take(_ maker: PhoneFile.Maker) throws(PKIError) {
        let key = try BenchMaterial.member("instanceKey") { try PEM.privateKey(maker.instanceKey) }
        let certificate = try BenchMaterial.member("instanceCA") {
            try KeyCertificate(pem: maker.instanceCA)
        }
        guard certificate.publicKey == key.publicKey else {
            throw .material("instanceKey is not the key of instanceCA")
        }
        secureElement.instanceCAs.append(InstanceCA(automaker: maker.name, privateKey: key))
        phone.automakers.append(
            Automaker(
                name: maker.name,
                rootKey: try BenchMaterial.member("rootKey") {
                    try PublicKey([UInt8](hex: maker.rootKey))
                },
                rootName: maker.rootName,
                externalCA: try BenchMaterial.member("externalCA") {
                    try KeyCertificate(pem: maker.externalCA).der
                },
                instanceCA: certificate.der,
                signatureKeys: try BenchMaterial.member("signatureKeys") {
                    try maker.signatureKeys.map { try PublicKey([UInt8](hex: $0)) }
                },
                readerMake: maker.readerMake))
    }

    private mutating func take(_ key: PhoneFile.Key) throws(PKIError) {
        let endpoint = try key.endpoint()
        guard !phone.keys.contains(where: { $0.id == endpoint.keyId }) else {
            throw .material("a key that is there twice")
        }
        secureElement.endpoints.append(endpoint)
        phone.keys.append(try key.walletKey(endpoint))
        let secret = try BenchMaterial.member("kpersistent") {
            try key.kpersistent.map { text in
                let bytes = try [UInt8](hex: text)
                guard bytes.count == 32 else { throw ProtocolError.length }
                return bytes
            }
        }
        if let secret {
            secureElement.persistentKeys.append(
                PersistentKey(keyId: endpoint.keyId, secret: PersistentSecret(secret)))
        }
    }
}
