// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyCrypto

/// One transaction with the applet, the car's side (PROTOCOL 8): fast when it can be, standard
/// otherwise, first friend transaction when the slot id asks for it, phase 3 for a pending key.
///
/// ```text
/// selecting → opening (AUTH0) ─ match ─────────────────────────────→ ending
///                             └ proving (AUTH1) → visiting (EXCHANGE*) → ending
/// ```
struct Transaction {
    var stage = Stage.selecting
    private(set) var code: TransactionCode
    /// What to try when phase 3 was wanted and another key is on the reader.
    let fallback: TransactionCode?
    /// Unlocking means the trunk alone.
    let opensTrunk: Bool
    private var selection = AppletSelection(versions: [])
    private var version = ProtocolVersion.v0200
    private var ephemeral: PrivateKey?
    private var transactionId: [UInt8] = []
    private var flag: [UInt8] = []
    private var isFast = false
    private var transcript: TransactionTranscript?
    private var keys: StandardKeys?
    var channel: SecureChannel?
    var kind: TransactionKind?
    var slotId: SlotID?
    var visit: (any MailboxVisit)?
    var command: ExchangeCommand?
    /// Whether check 9 up to the receipt has passed.
    var isCleared = false

    enum Stage {
        case selecting, opening, proving, visiting
        /// CONTROL FLOW was sent to a key that is not the pending one; its own action comes next.
        case turningAway(TransactionCode)
        /// CONTROL FLOW was sent; this is the decision.
        case ending(Outcome)
    }

    init(
        _ code: TransactionCode, fallback: TransactionCode? = nil, opensTrunk: Bool = false
    ) {
        self.code = code
        self.fallback = fallback
        self.opensTrunk = opensTrunk
    }

    /// Still there after a refusal, so that the answer that led to it can be read.
    var traceKeys: ChannelKeys? { keys?.channel }

    func start() -> Move { .send(ApplicationID.applet.select) }

    mutating func received(_ response: ResponseAPDU, _ car: inout Car) -> Move {
        switch stage {
        case .selecting: selected(response, &car)
        case .opening: opened(response, &car)
        case .proving: proved(response, &car)
        case .visiting: visited(response, &car)
        case .turningAway(let code): turnedAway(response, to: code, &car)
        case .ending(let outcome): .end(.outcome(outcome))
        }
    }

    private mutating func selected(_ response: ResponseAPDU, _ car: inout Car) -> Move {
        guard response.status == .done else {
            return .end(.outcome(Outcome(.aborted(Self.sentence(selecting: response.status)))))
        }
        guard let selection = try? AppletSelection(parsing: response.body),
            let common = ProtocolVersion.highestCommon(
                car.identity.versions, selection.versions)
        else { return refuse(.none, car, "Phone and car know no common key version.") }
        self.selection = selection
        version = common
        return open(&car)
    }

    /// AUTH0 with fresh values; fast only when some key could match.
    private mutating func open(_ car: inout Car) -> Move {
        isFast =
            code.wantsFast && car.isFastAllowed
            && car.record.keys.contains { mayBeFast($0, car) }
        let ephemeral = PrivateKey.generate(car.random, for: "vehicle_eSK")
        self.ephemeral = ephemeral
        transactionId = car.random.bytes(16, for: "transaction_identifier")
        let command = Auth0Command(
            version: version, vehicleEphemeral: ephemeral.publicKey.bytes,
            transactionId: transactionId, vehicleId: car.identity.vehicleId
        ).command(fast: isFast, code)
        flag = [command.p1, command.p2]
        stage = .opening
        return .send(command)
    }

    /// The key that made the cryptogram, the one used last tried first (PROTOCOL 8.5).
    private func match(
        _ cryptogram: [UInt8], _ transcript: TransactionTranscript, _ car: Car
    ) -> SlotID? {
        let schedule = FastSchedule(transcript, vehicleKeyX: car.identity.publicKey.x)
        return car.record.keys.first { key in
            guard mayBeFast(key, car), let kpersistent = key.kpersistent else { return false }
            let isMade = try? schedule.isMade(
                cryptogram, with: kpersistent, deviceKeyX: key.publicKey.x)
            return isMade == true
        }?.slotId
    }

    /// Where ranging follows, a key without a ranging secret needs the standard transaction for one.
    private func mayBeFast(_ key: KeyRecord, _ car: Car) -> Bool {
        key.kpersistent != nil && key.state == .active && key.version <= version
            && (!car.makesRangingSecret || key.ranging?.isAlive(at: car.now) == true)
    }

    private mutating func opened(_ response: ResponseAPDU, _ car: inout Car) -> Move {
        guard response.status == .done,
            let answer = try? Auth0Response(parsing: response.body),
            let endpoint = try? PublicKey(answer.endpointEphemeral), let ephemeral
        else { return refuse(.none, car) }
        let transcript = TransactionTranscript(
            vehicleEphemeral: ephemeral.publicKey, endpointEphemeral: endpoint,
            transactionId: transactionId, interface: car.interface.rawValue, flag: flag,
            version: version.bytes,
            phoneVersions: selection.versions.encoded, vehicleId: car.identity.vehicleId)
        self.transcript = transcript
        keys = nil
        if isFast, let cryptogram = answer.cryptogram,
            let match = match(cryptogram, transcript, car)
        {
            kind = .fast
            slotId = match
            return decide(&car)
        }
        guard
            let signature = try? car.identity.privateKey.signature(
                for: transcript.signatureInput(usage: .vehicle))
        else { return refuse(.readerFault, car) }
        stage = .proving
        return .send(Auth1Response.command(signature: signature))
    }

    /// Derives the keys of AUTH1, for which the answer to AUTH0 is enough.
    mutating func prepare(_ car: Car) {
        guard case .proving = stage, keys == nil, let transcript, let ephemeral else { return }
        keys = try? transcript.standardKeys(
            own: ephemeral, peer: transcript.endpointEphemeral, ranging: car.makesRangingSecret)
    }

    /// Checks 3 to 8 of PROTOCOL 8.7.
    private mutating func proved(_ response: ResponseAPDU, _ car: inout Car) -> Move {
        switch response.status {
        case .done: break
        case .notAuthenticated: return refuse(.keyUnknown, car)
        // After a good AUTH0 only a missing user stands in the way (8.10).
        case .conditionsNotMet: return refuse(.needsAuthentication, car)
        default: return refuse(.none, car)
        }
        prepare(car)
        guard let transcript, let keys else { return refuse(.none, car) }
        var channel = SecureChannel(keys: keys.channel, counter: 0)
        guard let plain = try? channel.openResponse(response.body),
            let answer = try? Auth1Response(parsing: plain)
        else { return refuse(.none, car) }
        self.channel = channel
        guard let named = answer.slotId else { return refuse(.keyUnknown, car) }
        slotId = named
        let input = transcript.signatureInput(usage: .endpoint)
        if let pending = car.record.pending?.key, pending.slotId == named {
            return pendingKeyProved(pending, answer, input, &car)
        }
        guard let key = car.record.key(at: named) else {
            return firstSeen(answer, named, input, &car)
        }
        guard key.state == .active else { return refuse(.keySuspendedOrTerminated, car) }
        guard key.publicKey.isValid(answer.signature, for: input), version >= key.version else {
            return refuse(.none, car)
        }
        kind = .standard
        if car.isFastAllowed {
            car.record.updateKey(at: key.slotId) {
                $0.kpersistent = keys.kpersistent
            }
        }
        keepRangingSecret(&car)
        return upkeep(answer.signaling, &car)
    }

    private mutating func turnedAway(
        _ response: ResponseAPDU, to code: TransactionCode, _ car: inout Car
    ) -> Move {
        guard response.status == .done else { return refuse(.none, car) }
        (channel, visit) = (nil, nil)
        self.code = code
        return open(&car)
    }

    private mutating func pendingKeyProved(
        _ key: KeyRecord, _ answer: Auth1Response, _ input: [UInt8], _ car: inout Car
    ) -> Move {
        guard key.publicKey.isValid(answer.signature, for: input), version >= key.version else {
            return refuse(.none, car)
        }
        if car.isFastAllowed {
            car.record.pending?.key.kpersistent = keys?.kpersistent
        }
        guard code == .pairing else { return refuse(.rightMissing, car) }
        kind = .pairing
        return begin(OwnerSlotsVisit(answer.signaling), &car)
    }

    private mutating func firstSeen(
        _ answer: Auth1Response, _ slot: SlotID, _ input: [UInt8], _ car: inout Car
    ) -> Move {
        kind = .firstFriend
        let claim = FirstFriendVisit.Claim(
            slotId: slot, signature: answer.signature, signatureInput: input,
            version: version, kpersistent: keys?.kpersistent)
        return begin(FirstFriendVisit(claim, mapping: car.mapping), &car)
    }

    /// A newer ranging secret replaces the one before.
    func keepRangingSecret(_ car: inout Car) {
        guard let slotId, let ursk = keys?.ursk else { return }
        let secret = RangingSecret(ursk, since: car.now)
        car.record.updateKey(at: slotId) { $0.ranging = secret }
    }

    private static func sentence(selecting status: StatusWord) -> String {
        switch status {
        case .notFound: "There is no digital key on this device, or it waits for pairing."
        case .conditionsNotMet: "The digital key is not available right now."
        default: "The device answered with \(status)."
        }
    }
}
