// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import PKI

/// Does what the signaling bits ask for: KTS receipt, retire list, refill, a package left behind
/// (PROTOCOL 10.5, 10.7, 10.8). Bits are hints, so each errand looks for itself. Then the message that
/// waits for the phone takes the OEM area, once nothing unread is there (10.4): it is forgotten when
/// the phone has answered, so whoever is cut off finds the same bytes there, or writes them again.
///
/// ```text
/// BA { 87 signaling, [87 receipt length], [87 slot bitmap, 87 slot list],
///      [87 OEM area ≤00C0, for the message ≤002E] }
/// BA { 87 rest of a longer OEM area ≤00E0 }*
/// BA { 87 receipt+2 ≤00E0 }*
/// 8C 01 00  BA { 8A signaling, [95 OEM area 00], [8A message], [8A slot list, 8A slot bitmap],
///                [8A package 0000] }  [B9 { 8A token }*]
/// ```
struct UpkeepVisit: MailboxVisit {
    private let slotId: SlotID
    private let isOwner: Bool
    private let wanted: SignalingBits
    private var stage = Stage.start
    private var receipt: LengthPrefixedRead
    private var signaling: SignalingBits = []
    private var receiptLength: [UInt8]?
    private var bitmap: UInt8 = 0
    private var slotList: [UInt8] = []
    private var oemArea: [UInt8] = []
    /// C2, when it waits for the phone and the area has room for it.
    private let message: [UInt8]?
    /// Whether the message is in the mailbox once this visit is over.
    private var isLeft = false
    private var writes: [ExchangeCommand.Placed] = []

    private enum Stage { case start, surveyed, readingArea, readingReceipt, written }

    /// None when nothing in `signaling` concerns this key, and no message waits for it.
    init?(_ key: KeyRecord, _ signaling: SignalingBits, mapping: MailboxMapping) {
        isOwner = key.isOwner
        let duties: SignalingBits =
            isOwner ? [.receipt, .dataForCar, .refillWanted] : [.receipt, .package]
        wanted = signaling.intersection(duties)
        message = key.message.map(\.encoded).flatMap {
            $0.count <= mapping.oemAreaSize ? $0 : nil
        }
        guard !wanted.isEmpty || message != nil else { return nil }
        slotId = key.slotId
        receipt = LengthPrefixedRead(offset: mapping.receipt, areaSize: mapping.receiptSize)
    }

    mutating func next(_ answer: ExchangeResponse?, _ car: inout Car) -> VisitStep {
        switch stage {
        case .start:
            stage = .surveyed
            return .exchange(ExchangeCommand(nil, survey(car)))
        case .surveyed:
            take(answer?.reads ?? [])
            return workThrough(&car)
        case .readingArea:
            oemArea += answer?.reads.first ?? []
            return workThrough(&car)
        case .readingReceipt:
            return read(answer?.reads.first ?? [], &car)
        case .written:
            return done(&car)
        }
    }

    private func survey(_ car: Car) -> [ExchangeCommand.Placed] {
        var reads: [ExchangeCommand.Placed] = [.read(car.mapping.signaling, 1)]
        if wanted.contains(.receipt) { reads.append(receipt.start) }
        if wanted.contains(.refillWanted) {
            reads += [.read(car.mapping.slotBitmap, 1), .read(car.mapping.slotList, 16)]
        }
        if wanted.contains(.dataForCar) {
            reads.append(.read(car.mapping.oemArea, oemAreaRead(car)))
        } else if let message {
            reads.append(.read(car.mapping.oemArea, message.count))
        }
        return reads
    }

    /// At most what fits beside the other reads.
    private func oemAreaRead(_ car: Car) -> Int { min(car.mapping.oemAreaSize, 192) }

    /// Takes up the answers to the survey.
    private mutating func take(_ answers: [[UInt8]]) {
        var reads = answers[...]
        signaling = SignalingBits(rawValue: reads.popFirst()?.first ?? 0).subtracting(wanted)
        if wanted.contains(.receipt) { receiptLength = reads.popFirst() }
        if wanted.contains(.refillWanted) {
            bitmap = reads.popFirst()?.first ?? 0
            slotList = reads.popFirst() ?? []
        }
        oemArea = reads.popFirst() ?? []
    }

    /// Does every errand, once all of the OEM area is there that its objects need.
    private mutating func workThrough(_ car: inout Car) -> VisitStep {
        let list = RetireList(oemArea: oemArea)
        let left = car.mapping.oemAreaSize - oemArea.count
        if wanted.contains(.dataForCar), !list.isComplete, left > 0 {
            stage = .readingArea
            let offset = car.mapping.oemArea + UInt16(clamping: oemArea.count)
            return .exchange(
                ExchangeCommand(nil, [.read(offset, min(left, Limits.mailboxRead))]))
        }
        // The retire list comes first: a retired id must not count as a good slot.
        retire(list, &car)
        leaveMessage(car.mapping)
        refill(&car)
        if wanted.contains(.package) { writes.append(.write(car.mapping.package, [0, 0])) }
        return receiptLength.map { read($0, &car) } ?? finish(&car)
    }

    private mutating func read(_ bytes: [UInt8], _ car: inout Car) -> VisitStep {
        switch receipt.next(bytes) {
        case .read(let read):
            stage = .readingReceipt
            return .exchange(ExchangeCommand(nil, [read]))
        case .complete(let der):
            note(der, &car)
            return finish(&car)
        case .nothing:
            return finish(&car)
        }
    }

    private mutating func finish(_ car: inout Car) -> VisitStep {
        guard !wanted.isEmpty || !writes.isEmpty else { return done(&car) }
        stage = .written
        let signal = ExchangeCommand.Placed.write(car.mapping.signaling, [signaling.rawValue])
        return .exchange(ExchangeCommand(.last, [signal] + writes))
    }

    private func done(_ car: inout Car) -> VisitStep {
        if isLeft { car.record.updateKey(at: slotId) { $0.message = nil } }
        return .done(signaling)
    }

    /// A message nobody has read stays, and so does what the car has not; an area that was just
    /// cleared of a retire list is free.
    private mutating func leaveMessage(_ mapping: MailboxMapping) {
        guard let message, !signaling.contains(.dataForCar) else { return }
        if !wanted.contains(.dataForCar) {
            guard !signaling.contains(.dataForPhone) else { return isLeft = oemArea == message }
            writes.append(.zeros(mapping.oemArea, mapping.oemAreaSize))
        }
        signaling.insert(.dataForPhone)
        writes.append(.write(mapping.oemArea, message))
        isLeft = true
    }

    /// A wrong receipt is ignored; check 9 decides (PROTOCOL 10.8).
    private func note(_ der: [UInt8], _ car: inout Car) {
        guard let receipt = try? KtsReceipt(parsing: der),
            let key = car.record.key(at: slotId),
            receipt.isSigned(by: car.identity.receiptKey),
            receipt.vehicleId == car.identity.vehicleId, receipt.keyId == key.keyId,
            receipt.slotId == slotId
        else { return }
        car.record.updateKey(at: slotId) { $0.receiptSeen = true }
    }

    private mutating func retire(_ list: RetireList, _ car: inout Car) {
        guard wanted.contains(.dataForCar) else { return }
        for slot in list.slots where slot.position != 1 {
            guard [.issued, .bound].contains(car.record.slots.state(of: slot)) else { continue }
            guard let key = car.record.removeKey(at: slot) else { continue }
            car.facts.append(.keyRemoved(keyId: key.keyId, slotId: slot))
        }
        writes.append(.zeros(car.mapping.oemArea, car.mapping.oemAreaSize))
    }

    /// Fresh ids for positions that are used up or hold an id that is no longer issued.
    private mutating func refill(_ car: inout Car) {
        var list = slotList
        var tokens: [ExchangeCommand.Placed] = []
        for position in 2...Limits.positions {
            let bit = MailboxLayout.bit(position: position)
            let place = 2 * (Int(position) - 1)
            let listed = try? SlotID(list.dropFirst(place).prefix(2))
            let isGood =
                bitmap & bit != 0
                && listed.map {
                    $0.position == position && car.record.slots.state(of: $0) == .issued
                } ?? false
            guard !isGood, list.count >= place + 2 else { continue }
            let fresh = car.record.slots.issue(position: position)
            list.replaceSubrange(place..<place + 2, with: fresh?.bytes ?? [0, 0])
            bitmap = fresh == nil ? bitmap & ~bit : bitmap | bit
            guard let fresh else { continue }  // exhausted
            if car.writesTokens {
                tokens.append(.token(car.identity.token(of: fresh), position: position))
            }
        }
        guard !list.isEmpty else { return }
        writes += [.write(car.mapping.slotList, list), .write(car.mapping.slotBitmap, [bitmap])]
        writes += tokens
    }
}
