// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyProtocol
public import ServiceKit
internal import VirtualPhone

extension Phone {
    /// Comes near the car whose radio is at `address` and stays until the car has decided; blocks
    /// meanwhile. The distance is simulated: the phone tells the radio what to measure.
    ///
    /// State that a frame changed is on disk before its answer leaves.
    ///
    /// - Parameter step: called with a sentence for each thing that happens.
    public func approach(
        _ address: ListenAddress, _ options: ApproachOptions = ApproachOptions(),
        step: (String) -> Void = { _ in }
    ) throws -> ApproachResult {
        try checkTrace(options.trace)
        let conditions = settings.conditions(TapOptions(isUnlocked: options.isUnlocked))
        guard conditions.frameworkRuns else { return ApproachResult(ending: .radioIsOff) }
        let link = try TCPLink.connect(to: address, else: .noRadio(address.description))
        card.conditions = conditions
        card.interface = .wired
        defer {
            card.fieldLost()
            card.interface = .contactless
            card.conditions = PhoneConditions()
        }
        _ = card.takeEvents()
        let (start, began) = (card.snapshot, ContinuousClock.now)
        var ms: Double { (ContinuousClock.now - began) / .milliseconds(1) }
        var trace = beginTrace()
        step("near the car's radio at \(address); simulated distance \(Self.metres(options))")
        let distance = RangingMessage.simulatedDistance(centimetres: options.centimetres)
        _ = link.send(distance.frame.encoded)
        var approach = Approach()
        let deadline = ContinuousClock.now + options.timeout
        var buffer = StreamBuffer()
        while !approach.isOver, case .bytes(let bytes) = link.next(until: deadline) {
            buffer.append(bytes)
            while !approach.isOver, let frame = try next(in: &buffer) {
                let now = clock.now
                let answer = card.receive(frame, at: now)
                try save()
                if let answer { _ = link.send(answer.encoded) }
                if frame.type == .secureElement, let answer {
                    trace.note(
                        frame.data, answer.data, ms: ms, at: now, keys: card.traceKeys,
                        draws: draws.take())
                }
                approach.answered(frame, answer)
                for event in card.takeEvents() { approach.saw(event, step) }
            }
        }
        note(conditions, in: &approach.result.transaction)
        approach.result.standing = standing(for: approach.result.vehicle)
        suspect(approach.result.transaction)
        approach.result.transaction.messages = catchUp()
        try save()
        try noteKeys()
        keepTrace(
            trace, at: options.trace, hasFailed: !approach.result.isSuccess,
            text: approach.result.text, ms: ms, start: start, in: &approach.result.transaction)
        return approach.result
    }

    private func standing(for vehicle: VehicleID?) -> ApproachResult.KeyStanding {
        let key = card.state.keys.last { key in
            key.vehicleId == vehicle
                && [.active, .suspended].contains(card.element.phase(of: key.id))
        }
        guard let key, let options = try? card.element.description(of: key.id).options else {
            return .none
        }
        if card.element.phase(of: key.id) == .suspended { return .suspended }
        return options.transactions.contains(.wired) ? .ready : .atReadersOnly
    }

    private func next(in buffer: inout StreamBuffer) throws -> StreamFrame? {
        do throws(ProtocolError) {
            return try buffer.next()
        } catch {
            throw PhoneHostError.readerFrame("a frame of more than \(Limits.streamData) bytes")
        }
    }

    private static func metres(_ options: ApproachOptions) -> String {
        let rest = options.centimetres % 100
        return "\(options.centimetres / 100).\(rest < 10 ? "0" : "")\(rest) m"
    }
}

/// What an approach has come to; knows nothing of sockets.
private struct Approach {
    var result = ApproachResult()
    private(set) var isOver = false
    private var firstCommand: ContinuousClock.Instant?

    /// Counts commands and rounds.
    mutating func answered(_ frame: StreamFrame, _ answer: StreamFrame?) {
        switch frame.type {
        case .secureElement where answer != nil:
            note(frame)
            let now = ContinuousClock.now
            firstCommand = firstCommand ?? now
            result.transaction.apdus += 1
            result.transaction.milliseconds =
                (now - (firstCommand ?? now)) / .milliseconds(1)
        case .ranging:
            guard let answer, case .response(let round) = try? RangingMessage(parsing: answer)
            else {
                return
            }
            result.rounds = Int(round.number)
        default: break
        }
    }

    /// AUTH0 tells which vehicle asks (PROTOCOL 8.3).
    private mutating func note(_ frame: StreamFrame) {
        guard let command = try? CommandAPDU(parsing: frame.data),
            command.ins == Instruction.auth0,
            let auth0 = try? Auth0Command(parsing: command.data)
        else { return }
        result.vehicle = auth0.vehicleId
    }

    mutating func saw(_ event: PhoneEvent, _ step: (String) -> Void) {
        switch event {
        case .transaction(let key, let isFast):
            result.transaction.key = key
            result.transaction.isFast = isFast
        case .controlFlow(let key, let flow):
            result.transaction.key = key ?? result.transaction.key
            result.transaction.ending = .controlFlow(flow)
            guard result.transaction.isSuccess else {
                result.ending = .notBelieved
                isOver = true
                return
            }
            result.ending = .notRanged
            let kind = result.transaction.isFast == false ? "standard" : "fast"
            step("the car knows this key (\(kind) transaction, no tap)")
        case .ranging: step("ranging: the car measures how far the phone is")
        case .rangingEnded(let reason):
            // The end is not protected, so what it says must fit what was measured (PROTOCOL 18.2).
            let isMeasured = result.rounds >= RangingPolicy().rounds
            result.ending = reason.map { .refused($0) } ?? (isMeasured ? .unlocked : .notMeasured)
            isOver = true
        case .paired, .pairingAborted, .pairingModeLeft, .carRefused, .notification,
            .mailboxWritten:
            break
        }
    }
}
