// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyCrypto
internal import PKI

/// Phase 2 of owner pairing, the car's side (PROTOCOL 5, 7.2).
///
/// ```text
/// selecting → requesting → verifying → writing → announcingReset ┈ field ┈ reselecting
///           → polling ⇄ waiting → fetching (F, E, H) → writing → finishing → phase 3
/// ```
/// Every refusal leaves through `abort`, which tells the phone why.
struct OwnerPairing {
    private(set) var stage = Stage.selecting
    private let startedAt: Instant
    private var request: SPAKERequest?
    private var responder: SPAKE2Plus.Responder?
    private var channel: SecureChannel?
    private var longTermSharedSecret = SecretBytes([])
    private var asked: EndpointCreationData?
    private var batch: WriteDataBatch?
    private var polls = 0
    private var certificates: [[UInt8]] = []
    private var certificate: [UInt8] = []

    enum Stage {
        case selecting, requesting, verifying, writingCreation, announcingReset, resettingField
        case reselecting, polling, waiting, fetching, writingStatement, finishing
        /// OP CONTROL FLOW 00 was sent; this is why.
        case aborting(OPControlFlow.Reason)
    }

    /// Objects of GET DATA, in the order they are read.
    private static let certificateTags: [UInt16] = [0x7F60, 0x7F61, 0x7F62]

    init(startedAt: Instant) { self.startedAt = startedAt }

    var traceKeys: ChannelKeys? { channel?.traceKeys }

    func start() -> Move { .send(ApplicationID.framework.select) }

    mutating func received(_ response: ResponseAPDU, _ car: inout Car) -> Move {
        if case .aborting(let reason) = stage {
            return .end(.outcome(Outcome(.refused(reason.sentence, nil))))
        }
        switch stage {
        // The phone has its key by now, whatever the clock says.
        case .finishing where response.status == .done: return finished(&car)
        case _ where car.now > startedAt.adding(seconds: Limits.phase2): return abort(.timeout)
        case .selecting: return selected(response, &car)
        case .verifying where response.status == .wrongEvidence: return abort(.evidenceFailed)
        case _ where !isGood(response.status):
            return abort(response.status == .channel ? .secureChannel : .none)
        case .requesting: return shareArrived(response.body, &car)
        case .verifying: return evidenceArrived(response.body, &car)
        case .writingCreation, .writingStatement: return written(response.body)
        case .announcingReset:
            stage = .resettingField
            return .resetField
        case .reselecting:
            guard (try? FrameworkSelection(parsing: response.body)) != nil else {
                return abort(.objectMalformed)
            }
            return poll()
        case .polling: return polled(response.body)
        case .fetching: return fetched(response, &car)
        case .finishing, .resettingField, .waiting, .aborting: return abort(.internalError)
        }
    }

    /// The field is back after OP CONTROL FLOW 01.
    mutating func fieldWasReset() -> Move {
        guard case .resettingField = stage else { return abort(.none) }
        stage = .reselecting
        return .send(ApplicationID.framework.select)
    }

    mutating func waited() -> Move {
        guard case .waiting = stage else { return abort(.none) }
        return poll()
    }

    /// Only an object is long enough to come in pieces.
    private func isGood(_ status: StatusWord) -> Bool {
        if case .fetching = stage, status.hasMoreData { return true }
        return status == .done
    }

    mutating func abort(_ reason: OPControlFlow.Reason) -> Move {
        channel?.close()
        responder = nil
        stage = .aborting(reason)
        return .send(OPControlFlow.abort(reason).command)
    }
}

// MARK: - Password

extension OwnerPairing {
    private mutating func selected(_ response: ResponseAPDU, _ car: inout Car) -> Move {
        guard response.status == .done else { return .end(.notReadyForPairing) }
        guard let selection = try? FrameworkSelection(parsing: response.body) else {
            return abort(.objectMalformed)
        }
        guard selection.isReadyForPairing else { return .end(.notReadyForPairing) }
        guard let mode = car.record.pairing, car.now < mode.expiresAt else {
            return abort(.notInPairingMode)
        }
        guard selection.spakeVersions.contains(.v0100) else { return abort(.noCommonSPAKEVersion) }
        let versions = car.identity.versions
        guard let common = ProtocolVersion.highestCommon(versions, selection.appletVersions) else {
            return abort(.noCommonAppletVersion)
        }
        let request = SPAKERequest(
            appletVersions: [common] + versions.filter { $0 != common }, salt: mode.salt,
            N: mode.N, r: mode.r, p: mode.p, brand: car.identity.brand)
        self.request = request
        stage = .requesting
        return .send(request.command)
    }

    /// Counts the attempt before VERIFY leaves, so that pulling the plug gains no guess.
    private mutating func shareArrived(_ body: [UInt8], _ car: inout Car) -> Move {
        guard let request, let mode = car.record.pairing else { return abort(.internalError) }
        guard mode.attempts < Limits.pairingAttempts else { return abort(.attemptsExhausted) }
        guard let share = try? TLVMap(body).value(0x50) else { return abort(.objectMalformed) }
        guard
            let verifier = try? SPAKE2Plus.Verifier(w0: mode.w0.exposed, L: mode.L.exposed)
        else { return abort(.internalError) }
        guard
            let responder = try? SPAKE2Plus.Responder(
                verifier: verifier, share: share, random: car.random,
                spakeVersion: request.spakeVersion.bytes,
                appletVersions: request.appletVersions.encoded)
        else { return abort(.shareInvalid) }
        self.responder = responder
        car.record.pairing?.attempts += 1
        stage = .verifying
        return .send(
            CommandAPDU(
                cla: 0x80, ins: Instruction.spakeVerify,
                data: [TLV(0x52, responder.share), TLV(0x57, responder.evidence)].encoded))
    }

    private mutating func evidenceArrived(_ body: [UInt8], _ car: inout Car) -> Move {
        guard let evidence = try? TLVMap(body).value(0x58, count: 16) else {
            return abort(.objectMalformed)
        }
        guard let keys = try? responder?.finish(evidence: evidence) else {
            return abort(.evidenceFailed)
        }
        channel = SecureChannel(keys: keys.channel)
        longTermSharedSecret = keys.longTermSharedSecret
        responder = nil
        return writeCreationData(&car)
    }
}

// MARK: - Creation, certificates, the end

extension OwnerPairing {
    /// The id of an aborted pairing ends here, and the next generation is stored before it is used.
    private mutating func writeCreationData(_ car: inout Car) -> Move {
        car.record.forgetPending()
        for slot in car.record.slots.issued where slot.position == 1 {
            car.record.slots.retire(slot)
        }
        let hasRoom = car.record.keys.count < Limits.keys || car.record.owner != nil
        guard hasRoom, let version = request?.appletVersions.first,
            let slot = car.record.slots.issue(position: 1)
        else { return abort(.storageFull) }
        let configuration = car.record.configuration
        let creation = EndpointCreationData(
            vehicleId: car.identity.vehicleId, version: version, options: configuration.options,
            slotId: slot, notBefore: configuration.ownerNotBefore,
            notAfter: configuration.ownerNotAfter,
            privateSize: max(MailboxLayout.privateSize, configuration.mapping.contentEnd),
            authorizedKeys: [car.identity.automakerKey.bytes]
                + configuration.furtherAuthorizedKeys,
            accountInfoHash: configuration.accountInfoHash,
            vehicleKey: car.identity.publicKey.bytes)
        asked = creation
        let objects: [TLV?] = [
            TLV(0x7F4A, creation.encoded), TLV(0x7F4B, car.identity.certificate.exposed),
            car.identity.intermediate.map { TLV(0x7F4C, $0.exposed) },
            TLV(0x7F4D, configuration.mapping.encoded), TLV(0x7F4E, configuration.device.encoded),
        ]
        batch = WriteDataBatch(objects.compactMap(\.self))
        stage = .writingCreation
        return sendNextOfBatch() ?? abort(.internalError)
    }

    /// The answer to WRITE DATA is a MAC over nothing.
    private mutating func written(_ body: [UInt8]) -> Move {
        guard open(body) == [] else { return abort(.secureChannel) }
        if let next = sendNextOfBatch() { return next }
        if case .writingCreation = stage {
            stage = .announcingReset
            return .send(OPControlFlow.fieldResetFollows.command)
        }
        stage = .finishing
        return .send(OPControlFlow.phase2Finished.command)
    }

    private mutating func poll() -> Move {
        polls += 1
        stage = .polling
        return get(0x5F63)
    }

    private mutating func polled(_ body: [UInt8]) -> Move {
        guard let plain = open(body) else { return abort(.secureChannel) }
        switch plain {
        case [0x00]:
            guard polls < Limits.creationPolls else { return abort(.timeout) }
            stage = .waiting
            return .wait(milliseconds: Limits.creationPoll)
        case [0x01]:
            stage = .fetching
            return getNextCertificate()
        case [0x02]: return abort(.internalError)
        default: return abort(.objectMalformed)
        }
    }

    private mutating func getNextCertificate() -> Move {
        get(Self.certificateTags.dropFirst(certificates.count).first ?? 0)
    }

    private mutating func fetched(_ response: ResponseAPDU, _ car: inout Car) -> Move {
        guard let plain = open(response.body) else { return abort(.secureChannel) }
        certificate += plain
        guard !certificate.isEmpty, certificate.count <= Limits.certificate else {
            return abort(.objectMalformed)
        }
        if response.status.hasMoreData {
            guard (try? channel?.passCommand()) != nil else { return abort(.secureChannel) }
            return .send(CommandAPDU(cla: 0x00, ins: Instruction.getResponse))
        }
        certificates.append(certificate)
        certificate = []
        guard certificates.count == Self.certificateTags.count else { return getNextCertificate() }
        return judge(&car)
    }

    /// The key becomes pending before the phone hears that it was accepted.
    private mutating func judge(_ car: inout Car) -> Move {
        guard let asked, let pairingId = car.record.pairing?.id else {
            return abort(.notInPairingMode)
        }
        let key: KeyRecord
        do {
            key = try EndpointCheck.key(
                certificates: certificates, asked: asked,
                longTermSharedSecret: longTermSharedSecret, car)
        } catch {
            return abort(error.reason)
        }
        let statement = VehicleStatementBody(
            vehicleId: car.identity.vehicleId, keyId: key.keyId, slotId: key.slotId, time: car.now)
        guard let signed = try? VehicleStatement.signed(statement, by: car.identity.privateKey)
        else {
            return abort(.internalError)
        }
        car.record.pending = PendingKey(key: key, pairingId: pairingId, since: car.now)
        batch = WriteDataBatch([TLV(0x5F5A, signed.encoded)])
        stage = .writingStatement
        return sendNextOfBatch() ?? abort(.internalError)
    }

    /// Phase 2 is complete on both sides: the verifier goes.
    private mutating func finished(_ car: inout Car) -> Move {
        channel?.close()
        car.record.pairing = nil
        return .end(.phase2Done)
    }

    private mutating func sendNextOfBatch() -> Move? {
        guard let (p1, plain) = batch?.next() else { return nil }
        return seal(CommandAPDU(cla: 0x84, ins: Instruction.writeData, p1: p1), plain)
    }

    private mutating func get(_ tag: UInt16) -> Move {
        seal(CommandAPDU(cla: 0x84, ins: Instruction.getData), tag.bigEndianBytes)
    }

    private mutating func seal(_ command: CommandAPDU, _ plain: [UInt8]) -> Move {
        guard let data = try? channel?.sealCommand(plain) else { return abort(.secureChannel) }
        var command = command
        command.data = data
        return .send(command)
    }

    private mutating func open(_ body: [UInt8]) -> [UInt8]? { try? channel?.openResponse(body) }
}
