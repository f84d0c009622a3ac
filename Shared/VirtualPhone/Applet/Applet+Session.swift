// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyCrypto
internal import KeyProtocol

extension Applet {
    /// AUTH1: the vehicle proves itself, then the key does, inside the channel (PROTOCOL 8.2).
    ///
    /// ```
    /// command   9E 40 vehicle_sig
    /// response  E{ 4E 02 slot | 9E 40 endpoint_sig [4B 01 signaling bitmap] } ‖ MAC8, counter 0
    /// ```
    mutating func authenticate(
        _ command: CommandAPDU, _ element: inout SecureElement, _ context: Context
    ) throws(Refusal) -> [UInt8] {
        guard case .started(let started) = transaction else {
            transaction = .none
            throw Refusal(.conditionsNotMet)
        }
        transaction = .none
        let signature = try Self.signature(in: command.data)
        let input = started.transcript.signatureInput(usage: .vehicle)
        // Also for a stranger's vehicle, so that both refusals cost one verification (3.4).
        let isValid = started.vehicleKey.isValid(signature, for: input)
        guard isValid, let key = started.key,
            let endpoint = try? element.endpoint(key), endpoint.isUsable
        else { throw Refusal(.notAuthenticated) }
        let wantsUser =
            endpoint.allows(.userBeforeDrive)
            && started.transcript.flag.last == TransactionCode.drive.rawValue
        guard context.conditions.permits(authenticationWanted: wantsUser) else {
            throw Refusal(.conditionsNotMet)
        }
        do {
            let keys = try started.transcript.standardKeys(
                own: started.ephemeral, peer: started.transcript.vehicleEphemeral,
                ranging: context.interface == .wired && endpoint.isRangingAllowed)
            let plain = try Self.identity(of: endpoint, for: started.transcript)
            var channel = SecureChannel(keys: keys.channel, counter: 0)
            try channel.passCommand()
            let response = try channel.sealResponse(plain)
            if endpoint.allows(.fast) {
                element.keepPersistentKey(keys.kpersistent, of: key)
            }
            if let ursk = keys.ursk {
                element.keepRangingSecret(RangingSecret(ursk, since: context.now), of: key)
            }
            transaction = .open(Session(key: key, isFast: false, channel: channel))
            events.append(.transaction(key, isFast: false))
            return response
        } catch { throw Refusal(.conditionsNotMet) }
    }

    /// Exactly `9E 40 r‖s`.
    private static func signature(in data: [UInt8]) throws(Refusal) -> [UInt8] {
        guard data.count == 66, data.starts(with: [0x9E, 0x40]) else { throw Refusal(.wrongData) }
        return Array(data.dropFirst(2))
    }

    private static func identity(
        of endpoint: Endpoint, for transcript: TransactionTranscript
    ) throws -> [UInt8] {
        let signature = try endpoint.privateKey.signature(
            for: transcript.signatureInput(usage: .endpoint))
        return Auth1Response(
            slotId: endpoint.description.slotId, signature: signature,
            signaling: endpoint.allows(.signalingInAuth1) ? endpoint.signaling : nil
        ).encoded
    }

    /// EXCHANGE: opened first, judged afterwards, so that the answer is no oracle (8.6).
    ///
    /// ```
    /// command, response  E{ … 9.1, 9.2 } ‖ MAC8
    /// ```
    mutating func exchange(
        _ command: CommandAPDU, _ element: inout SecureElement
    ) throws(Refusal) -> [UInt8] {
        var session: Session
        let plain: [UInt8]
        switch transaction {
        case .started(let started):
            transaction = .none
            guard var fast = started.fast else { throw Refusal(.conditionsNotMet) }
            plain = try Self.open(command.data, with: &fast.channel)
            guard fast.isReal, let key = started.key else { throw Refusal(.channel) }
            session = Session(key: key, isFast: true, channel: fast.channel)
            events.append(.transaction(key, isFast: true))
        case .open(let running):
            transaction = .none
            session = running
            plain = try Self.open(command.data, with: &session.channel)
        case .none:
            throw Refusal(.conditionsNotMet)
        }
        guard var endpoint = try? element.endpoint(session.key), endpoint.isUsable,
            endpoint.allows(session.isFast ? .exchangeAfterFast : .exchangeAfterStandard)
        else { throw Refusal(.conditionsNotMet) }
        let before = endpoint.mailboxes
        let outcome = session.exchange.perform(
            plain, on: &endpoint.mailboxes, afterFast: session.isFast)
        do throws(CryptoError) {
            let response = try session.channel.sealResponse(outcome.response)
            if endpoint.mailboxes != before {
                element.update(endpoint)
                events.append(.mailboxWritten(session.key))
            }
            events += outcome.notifications.map { .notification(session.key, $0) }
            transaction = .open(session)
            return response
        } catch { throw Refusal(.conditionsNotMet) }
    }

    private static func open(
        _ data: [UInt8], with channel: inout SecureChannel
    ) throws(Refusal) -> [UInt8] {
        do throws(CryptoError) {
            return try channel.openCommand(data)
        } catch { throw Refusal(opening: error) }
    }
}
