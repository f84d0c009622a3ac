// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI

@testable import VirtualPhone

/// What goes wrong with one message of a tap; messages are counted from 0.
enum Fault: Hashable, Sendable {
    case none
    /// The phone is taken away before the command arrives.
    case commandLost(Int)
    /// The phone is taken away before the answer arrives.
    case answerLost(Int)
    /// The command arrives twice; the car hears the second answer.
    case commandDoubled(Int)
    /// One bit of the command is flipped.
    case commandFlipped(Int, byte: Int)
    /// One bit of the answer is flipped.
    case answerFlipped(Int, byte: Int)
}

/// A roadster whose readers are joined with phones by bytes; it saves what a gateway would.
struct JoinedCar {
    var record: VehicleRecord
    var now = TestWorld.noon
    /// Commands sent in the last tap.
    private(set) var commands: [[UInt8]] = []
    /// Answers that arrived in the last tap.
    private(set) var answers: [[UInt8]] = []
    let random: RandomSource
    /// Whether the car uses the time in which the phone thinks.
    var preparesAhead = false
    static let password = "01234567"
    private static let salt = [UInt8](repeating: 9, count: 16)
    // Made once: scrypt is slow on purpose.
    private static let verifier = Result { try makeVerifier(password) }
    private static let wrongVerifier = Result { try makeVerifier("76543210") }

    init(
        _ world: TestWorld, options: KeyOptions = .ownerDefault,
        versions: [ProtocolVersion] = [.v0200, .v0100]
    ) throws {
        random = ScriptedRandom(seed: "car").source
        record = VehicleRecord(
            identity: try VehicleIdentity(
                vehicleId: world.vehicleId, privateKey: world.vehicle.scalar,
                certificate: world.vehicleCertificate, intermediate: nil,
                automakerKey: world.automakerRoot.publicKey, receiptKey: world.server.publicKey,
                immobilizerKey: [UInt8](repeating: 3, count: 32), versions: versions),
            configuration: VehicleConfiguration(
                options: options, ownerNotBefore: TestWorld.noon.adding(seconds: -3600)))
    }

    /// A fresh password for the owner; `wrong` gives the car another one than the phone's.
    mutating func enterPairingMode(wrong: Bool = false, id: String = "first") throws {
        let verifier = try (wrong ? Self.wrongVerifier : Self.verifier).get()
        record.apply(
            pairing: KeyProtocol.PairingMode(
                id: id, expiresAt: now.adding(seconds: 1800), w0: verifier.w0, L: verifier.L,
                salt: Self.salt, N: 4096, r: 8, p: 1))
    }

    private static func makeVerifier(_ password: String) throws -> SPAKE2Plus.Verifier {
        try SPAKE2Plus.Verifier(
            SPAKE2Plus.scalars(
                password: password, salt: salt, cost: SPAKE2Plus.Cost(n: 4096, r: 8, p: 1)))
    }

    /// One phone, held to one reader until the car has decided.
    mutating func tap(
        _ phone: inout PhoneCard, _ purpose: ReaderSession.Purpose, fault: Fault = .none,
        code: String? = nil
    ) throws -> Outcome {
        var session = ReaderSession(
            record: record, purpose: purpose, interface: phone.interface, activationCode: code,
            random: random)
        (commands, answers) = ([], [])
        var step = session.start(at: now)
        while true {
            if let save = step.save { record = save }
            switch step.next {
            case .transmit(let command):
                commands.append(command)
                if preparesAhead { session.prepare() }
                if let answer = pass(command, to: &phone, fault) {
                    answers.append(answer)
                    step = session.received(answer, at: now)
                } else {
                    phone.fieldLost()
                    step = session.fieldLost()
                }
            case .fieldReset:
                phone.fieldLost()
                step = session.fieldWasReset(at: now)
            case .wait:
                now = now.adding(seconds: 1)
                step = session.waited(at: now)
            case .finish(let outcome):
                phone.fieldLost()
                return outcome
            }
        }
    }

    /// The wire; none when the phone is gone.
    private func pass(_ command: [UInt8], to phone: inout PhoneCard, _ fault: Fault) -> [UInt8]? {
        let index = commands.count - 1
        var command = command
        switch fault {
        case .commandLost(index): return nil
        case .commandDoubled(index): _ = answer(command, of: &phone)
        case .commandFlipped(index, let byte): Self.flip(&command, byte)
        default: break
        }
        guard var answer = answer(command, of: &phone) else { return nil }
        switch fault {
        case .answerLost(index): return nil
        case .answerFlipped(index, let byte): Self.flip(&answer, byte)
        default: break
        }
        return answer
    }

    /// Bytes over the reader, or whole frames cut anywhere over the stream.
    private func answer(_ command: [UInt8], of phone: inout PhoneCard) -> [UInt8]? {
        guard phone.interface == .wired else { return phone.respond(to: command, at: now) }
        return send(.command(command), to: &phone)?.data
    }

    /// One frame over the stream and the answer to it; both arrive in pieces.
    func send(_ frame: StreamFrame, to phone: inout PhoneCard) -> StreamFrame? {
        guard let arrived = Self.inPieces(frame),
            let answer = phone.receive(arrived, at: now)
        else { return nil }
        return Self.inPieces(answer)
    }

    private static func inPieces(_ frame: StreamFrame) -> StreamFrame? {
        var buffer = StreamBuffer()
        for byte in frame.encoded.dropLast() {
            buffer.append([byte])
            guard (try? buffer.next()) == .some(nil) else { return nil }
        }
        buffer.append(frame.encoded.suffix(1))
        return try? buffer.next()
    }

    private static func flip(_ bytes: inout [UInt8], _ byte: Int) {
        guard !bytes.isEmpty else { return }
        bytes[byte % bytes.count] ^= 0x01
    }
}

extension JoinedCar {
    /// A car and its owner's phone after owner pairing.
    static func paired(
        _ world: TestWorld, options: KeyOptions = .ownerDefault,
        versions: [ProtocolVersion] = [.v0200, .v0100]
    ) throws -> (JoinedCar, PhoneCard, KeyID) {
        var car = try JoinedCar(world, options: options)
        var alice = PhoneCard(
            snapshot: .init(phone: PhoneState(versions: versions)),
            random: ScriptedRandom(seed: "alice").source)
        try world.introduce(&alice)
        try car.enterPairingMode()
        try alice.enterPairingMode(password: Self.password, at: car.now)
        let outcome = try car.tap(&alice, .dashboard)
        guard outcome.result == .paired, let key = alice.element.keyIds.first else {
            throw PairingFailed(outcome: outcome)
        }
        return (car, alice, key)
    }

    struct PairingFailed: Error { let outcome: Outcome }
}
