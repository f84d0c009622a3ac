// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyCrypto
internal import KeyProtocol
internal import PKI

/// A friend's key whose chain, extension and encryption key were checked (12.3 step 5).
struct VerifiedFriend: Sendable {
    let key: PublicKey
    let version: ProtocolVersion
}

extension SecureElement {
    /// F→E→H under the automaker's key, the extension equal to the request, encSig by the new key.
    func verify(
        _ signing: KeySigningRequest, against request: KeyCreationRequest, of owner: Endpoint,
        rootName: String?, at now: Instant
    ) throws(PhoneError) -> VerifiedFriend {
        guard let root = owner.description.authorizedKeys.first else { throw .automakerUnknown }
        let certificate: EndpointCertificate
        do throws(PKIError) {
            certificate = try ChainVerifier.endpoint(
                F: signing.externalCA, E: signing.instanceCA, H: signing.endpoint,
                root: TrustAnchor(publicKey: root, name: rootName), at: now,
                keyMayStartLater: true)
        } catch { throw .object(error) }
        let bound = try EndpointDescription(request, vehicleKey: owner.description.vehicleKey)
        let found = try EndpointDescription(certificate)
        guard found.binds(like: bound), request.offers(found.version) else {
            throw .mismatch("the friend's certificate is not what was asked for")
        }
        let proof = EncryptionKeyProof(
            vehicleId: request.vehicleId, slotId: request.slotId,
            encryptionPK: signing.encryptionPK)
        guard proof.isValid(signing.encryptionSignature, by: certificate.publicKey) else {
            throw .object(.signature)
        }
        return VerifiedFriend(key: certificate.publicKey, version: found.version)
    }
}

extension KeyCreationRequest {
    /// The vehicle's versions.
    func versions() throws(PhoneError) -> [ProtocolVersion] {
        guard let list = try? ProtocolVersion.list(appletVersions) else {
            throw .badRequest("a list of versions that is empty or too long")
        }
        return list
    }

    func offers(_ version: ProtocolVersion) -> Bool {
        (try? versions().contains(version)) == true
    }
}

extension EndpointDescription {
    /// What a friend's phone makes of a request; the version is still the vehicle's own (12.3 step 3).
    init(
        _ request: KeyCreationRequest, vehicleKey: PublicKey
    ) throws(PhoneError) {
        guard let version = try request.versions().first else {
            throw .badRequest("no versions")
        }
        self.init(
            vehicleId: request.vehicleId, vehicleKey: vehicleKey, version: version,
            options: request.options, slotId: request.slotId,
            notBefore: request.keyConfig.notBefore,
            notAfter: request.keyConfig.notAfter ?? .noEnd,
            confidentialSize: request.confidentialSize, privateSize: request.privateSize,
            authorizedKeys: request.authorizedPKs, accountInfoHash: nil)
    }

    /// Equal in everything but the version and the account.
    func binds(like other: EndpointDescription) -> Bool {
        var (left, right) = (self, other)
        (left.version, right.version) = (.v0100, .v0100)
        (left.accountInfoHash, right.accountInfoHash) = (nil, nil)
        return left == right
    }
}
