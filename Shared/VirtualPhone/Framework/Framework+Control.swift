// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyProtocol

extension Framework {
    /// OP CONTROL FLOW: the car steers or gives up (PROTOCOL 4.4); never protected.
    mutating func controlFlow(
        _ command: CommandAPDU, _ element: inout SecureElement, _ state: inout PhoneState,
        _ context: Context
    ) throws(Refusal) -> ResponseAPDU {
        guard let word = OPControlFlow(p1: command.p1, p2: command.p2) else {
            throw Refusal(.wrongParameters)
        }
        switch word {
        case .abort(let reason):
            abort(&element)
            if reason == .attemptsExhausted, state.pairing != nil {
                state.pairing = nil
                events.append(.pairingModeLeft)
            }
        case .unnamedAbort:
            abort(&element)
        case .fieldResetFollows:
            guard case .described = session?.stage else { throw Refusal(.conditionsNotMet) }
            session?.stage = .awaitingReset
            session?.resetAnnouncedAt = context.now
        case .phase2Finished:
            try finish(&element, &state, context)
        }
        return ResponseAPDU()
    }

    /// The endpoint becomes active and an older one of the vehicle ends; the password is forgotten.
    private mutating func finish(
        _ element: inout SecureElement, _ state: inout PhoneState, _ context: Context
    ) throws(Refusal) {
        let session = try running()
        guard case .confirmed = session.stage, let key = session.key, let plan = session.plan
        else { throw Refusal(.conditionsNotMet) }
        do throws(PhoneError) {
            let ended = try element.completePairing(
                key, longTermSharedSecret: session.longTermSharedSecret, at: context.now)
            for (older, termination) in ended { state.end(older, termination) }
        } catch { throw Refusal(.conditionsNotMet) }
        state.keys.append(
            WalletKey(
                id: key, plan: plan, vehicleVersions: session.request.appletVersions,
                endpointCertificate: session.endpointCertificate,
                vehicleStatement: session.vehicleStatement))
        state.pairing = nil
        self.session = nil
        events.append(.paired(key))
    }
}
