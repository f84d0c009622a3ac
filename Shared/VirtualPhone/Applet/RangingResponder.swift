// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyCrypto
internal import KeyProtocol

/// The phone's side of a ranging session, inside the secure element (PROTOCOL 18.2); never saved.
struct RangingResponder: Sendable {
    private struct Session: Sendable {
        let key: KeyID
        let keys: RangingKeys
        let sessionId: [UInt8]
        var lastRound: UInt32
    }

    private var session: Session?
    /// What happened since the card last asked.
    var events: [PhoneEvent] = []

    /// The stream ended.
    mutating func drop() { session = nil }

    /// Answers a frame of type 2; anything wrong ends the session with its reason.
    mutating func respond(
        to frame: StreamFrame, _ element: inout SecureElement, _ context: Applet.Context
    ) -> StreamFrame? {
        do throws(RangingReason) {
            guard let message = try? RangingMessage(parsing: frame) else { throw .malformed }
            switch message {
            case .start(let vehicle, let round):
                try begin(message, vehicle, round, &element, context)
                return try answer(round)
            case .challenge(let round):
                try take(message, round, element)
                return try answer(round)
            case .end(let reason):
                session = nil
                events.append(.rangingEnded(reason))
                return nil
            case .response, .simulatedDistance: throw .malformed
            }
        } catch {
            session = nil
            return RangingMessage.end(error).frame
        }
    }

    /// Uses up the ranging secret. A start that this phone cannot believe gets one answer, whether
    /// the vehicle, the secret or the MAC is the reason, and costs the same work (3.4).
    private mutating func begin(
        _ message: RangingMessage, _ vehicle: VehicleID, _ round: RangingRound,
        _ element: inout SecureElement, _ context: Applet.Context
    ) throws(RangingReason) {
        session = nil
        let dummy = context.random.bytes(32, for: "dummy ranging secret")
        let endpoint = element.rangeableEndpoint(for: vehicle)
        let secret = endpoint.flatMap { element.rangingSecret(of: $0.keyId) }
            .flatMap { $0.isAlive(at: context.now) ? $0 : nil }
        let keys = RangingKeys(
            ursk: secret?.secret ?? SecretBytes(dummy), vehicleId: vehicle,
            sessionId: round.sessionId)
        guard message.isSealed(with: keys, by: .car), secret != nil, let endpoint else {
            throw .noSecret
        }
        guard round.number == 0 else { throw .oldRound }
        let wantsUser = endpoint.allows(.userBeforeFast)
        guard context.conditions.permits(authenticationWanted: wantsUser) else {
            throw .needsAuthentication
        }
        element.forgetRangingSecret(of: endpoint.keyId)
        session = Session(
            key: endpoint.keyId, keys: keys, sessionId: round.sessionId, lastRound: 0)
        events.append(.ranging(endpoint.keyId))
    }

    private mutating func take(
        _ message: RangingMessage, _ round: RangingRound, _ element: SecureElement
    ) throws(RangingReason) {
        guard let session, element.phase(of: session.key) == .active,
            round.sessionId == session.sessionId
        else { throw .otherSession }
        guard message.isSealed(with: session.keys, by: .car) else { throw .wrongMAC }
        guard round.number > session.lastRound else { throw .oldRound }
        self.session?.lastRound = round.number
    }

    private func answer(_ round: RangingRound) throws(RangingReason) -> StreamFrame {
        guard let session,
            let sealed = try? RangingMessage.response(round).sealed(with: session.keys, by: .phone)
        else { throw .unspecified }
        return sealed.frame
    }
}

extension SecureElement {
    /// The active key of `vehicle` that may range over the stream.
    func rangeableEndpoint(for vehicle: VehicleID) -> Endpoint? {
        state.endpoints.first {
            $0.description.vehicleId == vehicle && $0.isUsable && $0.allows(.wired)
                && $0.isRangingAllowed
        }
    }
}
