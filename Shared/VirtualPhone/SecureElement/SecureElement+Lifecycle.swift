// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyCrypto
internal import PKI

// creating → active ⇄ suspended; active | suspended → terminated → deleted (PROTOCOL 15).

extension SecureElement {
    /// A suspended key answers like an unknown one until it is resumed.
    mutating func suspend(_ key: KeyID) throws(PhoneError) {
        try move(key, from: .active, to: .suspended)
        forgetRangingSecret(of: key)
    }

    /// Makes a suspended key usable again.
    mutating func resume(_ key: KeyID) throws(PhoneError) {
        try move(key, from: .suspended, to: .active)
    }

    /// Ends the key for good and signs that; asked again, returns the same object (15).
    mutating func terminate(
        _ key: KeyID, reason: TerminationReason, at now: Instant
    ) throws(PhoneError) -> [UInt8] {
        var endpoint = try endpoint(key)
        if let signed = endpoint.termination { return signed.bytes }
        guard endpoint.phase == .active || endpoint.phase == .suspended else {
            throw .wrongPhase(endpoint.phase)
        }
        let body = TerminationBody(
            vehicleId: endpoint.description.vehicleId, keyId: key,
            slotId: endpoint.description.slotId, time: now, reason: reason,
            oemData: Array(endpoint.oemArea.prefix(46)))
        let object = try sign(body, by: endpoint)
        endpoint.termination = StoredBytes(object.encoded)
        endpoint.phase = .terminated
        endpoint.consents = []
        update(endpoint)
        forgetPersistentKey(of: key)
        forgetRangingSecret(of: key)
        return object.encoded
    }

    /// Removes a terminated key, or one that never became active; its key material is gone.
    mutating func delete(_ key: KeyID) throws(PhoneError) {
        let endpoint = try endpoint(key)
        guard endpoint.phase == .terminated || endpoint.phase == .creating else {
            throw .wrongPhase(endpoint.phase)
        }
        remove(key)
    }

    /// An owner's request about a key of the same vehicle, signed by the owner's key (12.2).
    func serverRequest(
        _ action: ServerAction, for target: KeyID, by key: KeyID, at now: Instant,
        _ random: RandomSource
    ) throws(PhoneError) -> ServerRequest {
        let endpoint = try endpoint(key)
        guard endpoint.isUsable else { throw .wrongPhase(endpoint.phase) }
        let body = ServerRequestBody(
            action: action, vehicleId: endpoint.description.vehicleId, targetKeyId: target,
            requesterKeyId: key, time: now, requestId: random.bytes(16, for: "requestId"))
        return try sign(body, by: endpoint)
    }

    func sign<Body: SignedBody>(
        _ body: Body, by endpoint: Endpoint
    ) throws(PhoneError) -> Signed<Body> {
        do throws(PKIError) {
            return try Signed.signed(body, by: endpoint.privateKey)
        } catch { throw .object(error) }
    }

    private mutating func move(
        _ key: KeyID, from: KeyPhase, to: KeyPhase
    ) throws(PhoneError) {
        var endpoint = try endpoint(key)
        guard endpoint.phase == from else { throw .wrongPhase(endpoint.phase) }
        endpoint.phase = to
        update(endpoint)
    }
}
