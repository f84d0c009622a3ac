// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyCrypto
internal import PKI

/// The part after the key is proven: mailbox errands, check 9, and the end.
extension Transaction {
    /// Does what the signaling bits ask for, then decides. A key that does not tell them in AUTH1
    /// (option_group_1 b7 clear) is asked when nobody stands at the door.
    mutating func upkeep(_ signaling: SignalingBits?, _ car: inout Car) -> Move {
        guard let signaling else {
            let hasTime = code == .drive || code == .maintenance
            return hasTime ? begin(SignalingVisit(), &car) : decide(&car)
        }
        noteEnding(signaling.contains(.terminationPending), &car)
        guard let slotId, let key = car.record.key(at: slotId),
            let visit = UpkeepVisit(key, signaling, mapping: car.mapping)
        else { return decide(&car) }
        return begin(visit, &car)
    }

    /// What the phone says of its key's end is shown and nothing else: its OS can write the bit.
    private func noteEnding(_ isPending: Bool, _ car: inout Car) {
        guard let slotId, let key = car.record.key(at: slotId),
            isPending != (key.endingSince != nil)
        else { return }
        let now = car.now
        car.record.updateKey(at: slotId) { $0.endingSince = isPending ? now : nil }
    }

    mutating func begin(_ visit: some MailboxVisit, _ car: inout Car) -> Move {
        self.visit = visit
        return step(nil, &car)
    }

    mutating func visited(_ response: ResponseAPDU, _ car: inout Car) -> Move {
        guard response.status == .done, let command,
            let plain = try? channel?.openResponse(response.body),
            let answer = try? ExchangeResponse(parsing: plain, to: command),
            answer.status == .done
        else { return refuse(.none, car) }
        return step(answer, &car)
    }

    private mutating func step(_ answer: ExchangeResponse?, _ car: inout Car) -> Move {
        switch visit?.next(answer, &car) {
        case .exchange(let command):
            self.command = command
            guard let data = try? channel?.sealCommand(command.encoded) else {
                return refuse(.none, car)
            }
            stage = .visiting
            return .send(CommandAPDU(cla: 0x84, ins: Instruction.exchange, data: data))
        case .refuse(let hint, let sentence):
            return refuse(hint, car, sentence)
        case .done(let signaling):
            return finished(signaling, &car)
        case nil:
            return refuse(.none, car)
        }
    }

    private mutating func finished(_ signaling: SignalingBits?, _ car: inout Car) -> Move {
        switch visit {
        case is OwnerSlotsVisit:
            let key = car.record.pending?.key
            car.activatePending()
            slotId = key?.slotId
            return end(.success(.done), .paired, car)
        case is FirstFriendVisit:
            keepRangingSecret(&car)
            return upkeep(signaling ?? [], &car)
        case is SignalingVisit: return upkeep(signaling ?? [], &car)
        default: return decide(&car)
        }
    }

    /// Check 9, the token last, then the action.
    mutating func decide(_ car: inout Car) -> Move {
        guard let slotId, let key = car.record.key(at: slotId) else {
            // The owner's retire list may have ended the very key that brought it.
            return refuse(.keySuspendedOrTerminated, car)
        }
        if !isCleared {
            if opensTrunk, !Rights.mayOpenTrunk(key.config.profile) {
                return refuse(.rightMissing, car)
            }
            if let hint = Rights.objection(to: code, by: key, in: car) {
                guard code == .pairing, let fallback else { return refuse(hint, car) }
                // Code 04 is for the pending key only; the key on the reader may still drive.
                stage = .turningAway(fallback)
                return .send(ControlFlow.failure(hint).command)
            }
            isCleared = true
            if code == .drive, car.rights.contains(.tokenToDrive) {
                return begin(TokenVisit(slotId: slotId), &car)
            }
        }
        car.record.markUsed(slotId)
        switch code {
        case .unlock:
            let doors = opensTrunk ? .trunkOnly : Rights.doors(key.config.profile)
            return end(.success(.unlocked), .unlocked(doors), car)
        case .lock: return end(.success(.locked), .locked, car)
        case .drive: return end(.success(.driveReady), .driveReady(key.config), car)
        case .maintenance, .presence, .pairing: return end(.success(.done), .present, car)
        }
    }

    mutating func refuse(
        _ hint: ControlFlow.Hint, _ car: Car, _ sentence: String? = nil
    ) -> Move {
        end(.failure(hint), .refused(sentence ?? hint.sentence, hint), car)
    }

    private mutating func end(
        _ flow: ControlFlow, _ result: Outcome.Result, _ car: Car
    ) -> Move {
        channel?.close()
        visit = nil
        var outcome = Outcome(result)
        outcome.transaction = kind
        outcome.slotId = slotId
        outcome.keyId =
            slotId.flatMap { slot in
                car.record.key(at: slot) ?? car.record.pending.map(\.key)
            }.flatMap { $0.slotId == slotId ? $0.keyId : nil }
        stage = .ending(outcome)
        return .send(flow.command)
    }
}
