// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyCrypto
internal import KeyProtocol
internal import PKI

// Sharing, the friend's side: steps 3, 4 and 7 of PROTOCOL 12.3.

extension SecureElement {
    /// Steps 3 and 4: the encryption key of a new endpoint and the proof that it belongs there.
    mutating func createEncryptionKey(
        for key: KeyID, _ random: RandomSource
    ) throws(PhoneError) -> (PublicKey, proof: [UInt8]) {
        var endpoint = try endpoint(key)
        guard endpoint.phase == .creating, endpoint.encryptionKey == nil else {
            throw .wrongPhase(endpoint.phase)
        }
        let encryption = PrivateKey.generate(random, for: "encryption.SK")
        endpoint.encryptionKey = encryption
        update(endpoint)
        let proof = EncryptionKeyProof(
            vehicleId: endpoint.description.vehicleId, slotId: endpoint.description.slotId,
            encryptionPK: encryption.publicKey)
        do throws(PKIError) {
            return (encryption.publicKey, try proof.signature(by: endpoint.privateKey))
        } catch { throw .object(error) }
    }

    /// Step 7: package and token go into the mailboxes and the key becomes active, all at once.
    mutating func importPackage(
        _ request: ImportRequest, for key: KeyID, tokenIsExpected: Bool
    ) throws(PhoneError) {
        var endpoint = try endpoint(key)
        guard endpoint.phase == .creating, endpoint.origin == .sharing else {
            throw .wrongPhase(endpoint.phase)
        }
        let attestation = request.attestation
        guard attestation.vehicleId == endpoint.description.vehicleId,
            attestation.slotId == endpoint.description.slotId,
            attestation.friendPK == endpoint.privateKey.publicKey,
            attestation.friendKeyId == key,
            attestation.protocolVersion == endpoint.description.version.bytes
        else { throw .mismatch("the attestation is for another key") }
        guard (request.encToken != nil) == tokenIsExpected else {
            throw .mismatch(tokenIsExpected ? "the token is missing" : "a token nobody asked for")
        }
        if let encToken = request.encToken { try importToken(encToken, &endpoint) }
        guard
            endpoint.writeObject(
                attestation.encoded, at: endpoint.mapping.package,
                size: endpoint.mapping.packageSize)
        else { throw .full }
        endpoint.signaling.insert(.package)
        endpoint.phase = .active
        update(endpoint)
    }

    /// Only for an endpoint made for this vehicle and slot that has no token yet (13.1).
    private func importToken(
        _ encToken: [UInt8], _ endpoint: inout Endpoint
    ) throws(PhoneError) {
        guard !endpoint.hasToken, let stored = endpoint.encryptionKey else {
            throw .mismatch("the key has its token")
        }
        let token: [UInt8]
        do throws(CryptoError) {
            token = try TokenExport.open(
                encToken, with: stored,
                slotId: endpoint.description.slotId, vehicleId: endpoint.description.vehicleId)
        } catch { throw .crypto(error) }
        guard token.count == MailboxLayout.tokenLength,
            endpoint.mailboxes.write(token, to: .confidential, at: 0)
        else { throw .full }
        endpoint.hasToken = true
        endpoint.encryptionKey = nil
    }

    /// The operating system writes into the private mailbox; the vehicle may be shown a hint (10.4).
    mutating func updatePrivateMailbox(
        of key: KeyID, _ change: (inout Endpoint) -> Bool
    ) throws(PhoneError) {
        var endpoint = try endpoint(key)
        guard endpoint.phase == .active || endpoint.phase == .suspended else {
            throw .wrongPhase(endpoint.phase)
        }
        guard change(&endpoint) else { throw .full }
        update(endpoint)
    }
}
