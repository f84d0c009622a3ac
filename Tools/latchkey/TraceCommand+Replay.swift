// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import KeyProtocol
import PCSC
import PhoneHost
import VirtualPhone

extension TraceCommand {
    /// `latchkey trace replay`
    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Plays a tap again and names every difference.",
            discussion: """
                A phone's trace: the recorded commands meet the phone as it was. A car's trace: the \
                recorded answers meet the car as it was; with --phone or --reader the car meets a \
                phone that is there. Clock and random bytes of those who were are those of then, the \
                code is that of today. Any difference ends the command with 1.
                """)

        @OptionGroup var state: StateOption
        @Argument(help: "The trace.") var file: String
        @Option(help: "A phone of the state folder, a copy of it, instead of the recorded answers.")
        var phone: String?
        @Option(help: "A phone or card in this PC/SC reader, instead of the recorded answers.")
        var reader: String?
        @Option(help: "With --phone, for a pairing: the password of then, 8 digits.")
        var password: String?
        @Flag(help: "With --phone: its user has authenticated.") var unlocked = false

        func validate() throws {
            guard phone == nil || reader == nil else {
                throw ValidationError("name --phone or --reader, not both")
            }
            guard phone != nil || (password == nil && !unlocked) else {
                throw ValidationError("--password and --unlocked go with --phone")
            }
        }

        func run() async throws {
            let trace = try TraceCommand.read(file)
            switch trace.header.side {
            case .phone: try report(try playPhone(trace))
            case .car: try await playCar(trace)
            }
        }

        private func playPhone(_ trace: TapTrace) throws -> TraceComparison {
            guard phone == nil, reader == nil else {
                throw CommandError(
                    "this is a phone's trace, which cannot sign for the car, so no other phone would answer it",
                    hint: "take the car's trace of the tap: `latchkey vehicle log` names it")
            }
            guard let text = trace.header.phone,
                let snapshot = try? JSONDecoder().decode(
                    PhoneCard.Snapshot.self, from: Data(text.utf8))
            else { throw Self.lacks("phone") }
            return PhoneReplay(trace, snapshot: snapshot).comparison
        }

        private func playCar(_ trace: TapTrace) async throws {
            guard phone != nil || reader != nil else {
                guard let replay = CarReplay.recorded(trace) else { throw Self.lacks("car") }
                return try report(replay.comparison)
            }
            guard var replay = CarReplay(trace, .freshPhone) else { throw Self.lacks("car") }
            let counterpart = try await counterpart(at: replay)
            let outcome = try await counterpart.meet(&replay)
            print("the car: \(outcome.sentence)")
            try report(replay.comparison)
        }

        private func counterpart(at replay: CarReplay) async throws -> PresentPhone {
            if let reader { return .card(try await PresentPhone.connect(reader, state.folder)) }
            let phone = try state.phone(phone ?? "")
            return try await PhoneCommand.speaking(phone.name) {
                .virtual(
                    try phone.copy(password: password, isUnlocked: unlocked, at: replay.now))
            }
        }

        private func report(_ comparison: TraceComparison) throws {
            let equal = "\(counted(comparison.equal, "command")) went as recorded"
            guard !comparison.differences.isEmpty else { return print(equal) }
            print("\(equal), these did not:")
            for found in comparison.differences {
                print("command \(found.index + 1), \(found.title): \(found.text)")
            }
            throw ExitCode(1)
        }

        private static func lacks(_ side: String) -> CommandError {
            CommandError(
                "this trace holds no \(side), so nobody could answer or sign in its place",
                hint:
                    "only 'development', 'testing' and 'test' record one, and only where the \(side) was Latchkey's"
            )
        }
    }
}
