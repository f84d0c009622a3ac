// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyCrypto

/// What every part of a session may read and change.
struct Car {
    var record: VehicleRecord { didSet { isTouched = true } }
    /// Whether something may have changed the record since it was last compared with what is saved.
    var isTouched = false
    let random: RandomSource
    /// How this phone is reached.
    let interface: Interface
    /// The activation code somebody entered in the car for this tap.
    let activationCode: String?
    /// Minutes to add to UTC for the car's local time.
    let minutesFromUTC: Int
    /// Time of the last event.
    var now: Instant
    /// Facts not handed out yet.
    var facts: [Fact] = []

    var identity: VehicleIdentity { record.identity }
    var mapping: MailboxMapping { record.configuration.mapping }
    var rights: KeyOptions.Rights { record.configuration.options.rights }
    var isFastAllowed: Bool { record.configuration.options.transactions.contains(.fast) }

    /// Whether a standard transaction makes a ranging secret here (PROTOCOL 8.4).
    var makesRangingSecret: Bool { interface == .wired && rights.contains(.ranging) }
    /// The moment on the car's own clock, for weekly rules.
    var localTime: Instant { now.adding(seconds: Int64(minutesFromUTC) * 60) }
}

/// What a part of a session wants to happen.
enum Move {
    case send(CommandAPDU)
    case resetField
    case wait(milliseconds: Int)
    /// The part is over; the session decides what follows.
    case end(Ending)
}

/// How a part of a session ended.
enum Ending {
    /// The phone is not there for pairing.
    case notReadyForPairing
    /// Phase 2 is done; after a field reset comes phase 3.
    case phase2Done
    case outcome(Outcome)
}

extension Outcome {
    /// An outcome without a key.
    init(_ result: Result) {
        self.init(
            result: result, keyId: nil, slotId: nil, transaction: nil, controlFlow: nil,
            commands: 0)
    }
}
