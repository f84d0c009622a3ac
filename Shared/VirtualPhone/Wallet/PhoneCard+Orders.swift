// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto
public import PKI

// Orders from afar: they end, suspend or resume a key of this phone (PROTOCOL 12.2, 15).

extension PhoneCard {
    /// Owner: asks the server to end, suspend or resume a key of the same vehicle.
    public func request(
        _ action: ServerAction, for target: KeyID, by owner: KeyID, at now: Instant
    ) throws(PhoneError) -> ServerRequest {
        try element.serverRequest(action, for: target, by: owner, at: now, random)
    }

    /// Carries out an order of the key tracking server, signed by [Q].
    ///
    /// - Returns: the Termination when the key was ended.
    public mutating func carryOut(
        _ command: ServerCommand, at now: Instant
    ) throws(PhoneError) -> Termination? {
        let key = try state.key(command.keyId)
        guard command.vehicleId == key.vehicleId else {
            throw .mismatch("the command is for another vehicle")
        }
        try requireSignature(command, of: key, by: command.serverKeyId)
        return try carryOut(
            command.action, key.id, reason: .server, sent: command.time, command.requestId, now)
    }

    /// Carries out an owner's request that the server passed on; `requester` is the owner's key,
    /// which must be the one that signed this phone's attestation.
    ///
    /// - Returns: the Termination when the key was ended.
    public mutating func carryOut(
        _ request: ServerRequest, requester: PublicKey, at now: Instant
    ) throws(PhoneError) -> Termination? {
        let key = try state.key(request.targetKeyId)
        guard let bytes = key.attestation, let attestation = try? Attestation(parsing: bytes),
            request.vehicleId == key.vehicleId, attestation.ownerKeyId == request.requesterKeyId,
            requester.keyId == request.requesterKeyId
        else { throw .mismatch("the request is not by the owner of this key") }
        guard attestation.isSigned(by: requester), request.isSigned(by: requester) else {
            throw .object(.signature)
        }
        return try carryOut(
            request.action, key.id, reason: .owner, sent: request.time, request.requestId, now)
    }

    /// An order to end a key that has ended is answered with the proof, however often it comes.
    private func repeatedTermination(_ action: ServerAction, _ key: KeyID) -> Termination? {
        guard action == .terminate, let ended = state.ended.last(where: { $0.id == key }) else {
            return nil
        }
        return try? Termination(parsing: ended.termination)
    }

    /// What follows once the signature was found good.
    private mutating func carryOut(
        _ action: ServerAction, _ key: KeyID, reason: TerminationReason, sent: Instant,
        _ requestId: [UInt8], _ now: Instant
    ) throws(PhoneError) -> Termination? {
        if let repeated = repeatedTermination(action, key) { return repeated }
        let isReplay = state.orders.contains {
            $0.key == key && ($0.requestId.bytes == requestId || $0.time > sent)
        }
        guard !isReplay else { throw .replayed }
        var termination: Termination?
        switch action {
        case .terminate: termination = try terminateKey(key, reason: reason, at: now)
        case .suspend: try suspendKey(key)
        case .resume: try resumeKey(key)
        }
        let order = SeenOrder(key: key, time: sent, requestId: StoredBytes(requestId))
        state.orders = (state.orders + [order]).suffix(128)
        return termination
    }
}
