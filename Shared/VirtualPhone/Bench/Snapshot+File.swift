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
        do {
            phone.versions = try ProtocolVersion.list(
                file.versions.flatMap { try [UInt8](hex: $0) })
            for maker in file.makers { try take(maker) }
            for key in file.keys { try take(key) }
        } catch let error as PhoneError {
            throw error
        } catch let error as PKIError {
            throw .object(error)
        } catch {
            // Anything else would quote the secrets.
            throw .corrupted
        }
    }

    private mutating func take(_ maker: PhoneFile.Maker) throws {
        let key = try PEM.privateKey(maker.instanceKey)
        let certificate = try KeyCertificate(pem: maker.instanceCA)
        guard certificate.publicKey == key.publicKey else {
            throw PKIError.material("instanceKey is not the key of instanceCA")
        }
        secureElement.instanceCAs.append(InstanceCA(automaker: maker.name, privateKey: key))
        phone.automakers.append(
            Automaker(
                name: maker.name, rootKey: try PublicKey([UInt8](hex: maker.rootKey)),
                rootName: maker.rootName,
                externalCA: try KeyCertificate(pem: maker.externalCA).der,
                instanceCA: certificate.der,
                signatureKeys: try maker.signatureKeys.map { try PublicKey([UInt8](hex: $0)) },
                readerMake: maker.readerMake))
    }

    private mutating func take(_ key: PhoneFile.Key) throws {
        let endpoint = try key.endpoint()
        guard !phone.keys.contains(where: { $0.id == endpoint.keyId }) else {
            throw PKIError.material("a key that is there twice")
        }
        secureElement.endpoints.append(endpoint)
        phone.keys.append(try key.walletKey(endpoint))
        if let secret = try key.kpersistent.map({ try [UInt8](hex: $0) }) {
            guard secret.count == 32 else { throw PhoneError.corrupted }
            secureElement.persistentKeys.append(
                PersistentKey(keyId: endpoint.keyId, secret: PersistentSecret(secret)))
        }
    }
}
