// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
public import KeyCrypto
internal import PKI

// Containers from automaker to phone (SERVER 1.4): one key per automaker, certified by the
// instance CA as PROTOCOL 11.1 has it.

extension SecureElement {
    /// The certificate (.7) of the key that containers from `automaker` are sealed to.
    mutating func deviceEncryption(
        for automaker: Automaker, _ random: RandomSource
    ) throws(PhoneError) -> [UInt8] {
        guard let index = state.instanceCAs.firstIndex(where: { $0.automaker == automaker.name })
        else { throw .automakerUnknown }
        if let present = state.instanceCAs[index].encryption { return present.certificate.bytes }
        guard let issuer = instanceKey(for: automaker.name) else { throw .automakerUnknown }
        let key = PrivateKey.generate(random, for: "deviceEncryption.SK")
        do throws(PKIError) {
            let instanceCA = try KeyCertificate(der: automaker.instanceCA)
            let identity = try CertifiedKey(key: issuer, certificate: instanceCA)
            let certificate = try CertificateIssuer(identity).deviceEncryption(
                for: key.publicKey, notBefore: instanceCA.notBefore, random: random)
            state.instanceCAs[index].encryption = DeviceEncryption(
                privateKey: key, certificate: StoredBytes(certificate.der))
            return certificate.der
        } catch { throw .object(error) }
    }

    func open(
        _ container: ECIESEnvelope, from automaker: String
    ) throws(PhoneError) -> [UInt8] {
        guard
            let stored = state.instanceCAs.first(where: { $0.automaker == automaker })?.encryption
        else { throw .automakerUnknown }
        do throws(CryptoError) {
            return try ECIES.open(container, with: stored.privateKey)
        } catch { throw .crypto(error) }
    }
}

extension PhoneCard {
    /// DER of the certificate (.7) to which an automaker seals its answers to this phone.
    public mutating func encryptionCertificate(
        for automaker: String
    ) throws(PhoneError) -> [UInt8] {
        guard let known = state.automakers.first(where: { $0.name == automaker }) else {
            throw .automakerUnknown
        }
        return try element.deviceEncryption(for: known, random)
    }

    /// Opens what an automaker sealed to this phone.
    public func open(
        _ container: ECIESEnvelope, from automaker: String
    ) throws(PhoneError) -> [UInt8] {
        try element.open(container, from: automaker)
    }
}
