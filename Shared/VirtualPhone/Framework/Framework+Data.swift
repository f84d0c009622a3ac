// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyCrypto
internal import KeyProtocol

extension Framework {
    /// WRITE DATA: collects a batch, which is read as a whole when P1=80 arrives (PROTOCOL 7.3).
    ///
    /// ```
    /// command   E{ part of a TLV stream } ‖ MAC8        P1 00, last of a batch 80
    /// response  MAC8
    /// ```
    mutating func writeData(
        _ command: CommandAPDU, _ element: SecureElement, _ state: PhoneState, _ context: Context
    ) throws(Refusal) -> ResponseAPDU {
        var session = try running()
        let isFirstBatch: Bool
        switch (session.stage, session.creation) {
        case (.describing, _): isFirstBatch = true
        case (.delivering, .ready): isFirstBatch = false
        default: throw Refusal(.conditionsNotMet)
        }
        session.unsent = []
        session.batch += try Self.open(command.data, &session)
        guard session.batch.count <= Limits.writeDataBatch else { throw Refusal(.noMemory) }
        if command.p1 == 0x80 {
            if isFirstBatch {
                session.plan = try PairingPlan(
                    parsing: session.batch, keyVersion: session.request.appletVersions.first,
                    automakers: state.automakers, at: context.now)
                guard element.hasRoom else { throw Refusal(.noMemory) }
                session.stage = .described
            } else {
                session.vehicleStatement = try PairingStatement(parsing: session.batch).value
                session.stage = .confirmed
            }
            session.batch = []
        }
        let response = try Self.seal([], &session)
        self.session = session
        return ResponseAPDU(response)
    }

    /// GET DATA: the state of the key, then the certificates (PROTOCOL 7.4).
    ///
    /// ```
    /// command   E{ tag(2) } ‖ MAC8       5F63, 7F60 [F], 7F61 [E], 7F62 [H]
    /// response  E{ first 239 bytes of the object } ‖ MAC8, 61xx while there is more
    /// ```
    mutating func getData(_ data: [UInt8], _ state: PhoneState) throws(Refusal) -> ResponseAPDU {
        var session = try running()
        switch session.stage {
        case .awaitingData, .delivering: session.stage = .delivering
        default: throw Refusal(.conditionsNotMet)
        }
        let tag = try Self.open(data, &session)
        guard tag.count == 2 else { throw Refusal(.wrongData) }
        session.unsent = try Self.object(tag, &session)
        return try sendNext(&session)
    }

    /// GET RESPONSE: plain, but counted like a protected command (PROTOCOL 6.4).
    mutating func getResponse() throws(Refusal) -> ResponseAPDU {
        var session = try running()
        guard case .delivering = session.stage, !session.unsent.isEmpty else {
            throw Refusal(.conditionsNotMet)
        }
        do throws(CryptoError) {
            try session.channel.passCommand()
        } catch { throw Refusal(.conditionsNotMet) }
        return try sendNext(&session)
    }

    private mutating func sendNext(
        _ session: inout PairingSession
    ) throws(Refusal) -> ResponseAPDU {
        let chunk = Array(session.unsent.prefix(Limits.protectedPlaintext))
        session.unsent.removeFirst(chunk.count)
        let body = try Self.seal(chunk, &session)
        let left = session.unsent.count
        self.session = session
        return ResponseAPDU(body, status: left > 0 ? .moreData(left) : .done)
    }

    private static func object(
        _ tag: [UInt8], _ session: inout PairingSession
    ) throws(Refusal) -> [UInt8] {
        if tag == [0x5F, 0x63] {
            switch session.creation {
            case .pending(let questions):
                session.creation = questions > 1 ? .pending(questions - 1) : .ready
                return [0x00]
            case .ready: return [0x01]
            case .none, .failed: return [0x02]
            }
        }
        guard let plan = session.plan, [[0x7F, 0x60], [0x7F, 0x61], [0x7F, 0x62]].contains(tag)
        else { throw Refusal(.wrongData) }
        guard case .ready = session.creation else { throw Refusal(.conditionsNotMet) }
        switch tag.last {
        case 0x60: return plan.automaker.externalCA
        case 0x61: return plan.automaker.instanceCA
        default: return session.endpointCertificate
        }
    }

    private static func open(
        _ data: [UInt8], _ session: inout PairingSession
    ) throws(Refusal) -> [UInt8] {
        do throws(CryptoError) {
            return try session.channel.openCommand(data)
        } catch { throw Refusal(opening: error) }
    }

    private static func seal(
        _ plain: [UInt8], _ session: inout PairingSession
    ) throws(Refusal) -> [UInt8] {
        do throws(CryptoError) {
            return try session.channel.sealResponse(plain)
        } catch { throw Refusal(.conditionsNotMet) }
    }
}
