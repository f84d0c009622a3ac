// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Contracts
import Identifiers
import PKI
import PhoneHost
import ServiceKit
import Stack

extension PhoneCommand {
    /// `latchkey phone share`
    struct Share: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes an invitation link for a friend; whoever has it gets the key.")
        @OptionGroup var state: StateOption
        @Argument(help: "The owner's phone.") var name: String
        @Option(help: "Vehicle id or name; may be left out with one vehicle.") var vehicle: String?
        @Option(help: "Access level: \(AccessLevel.names).") var level: String
        @Option(help: "What to call the friend.") var friend: String
        @Option(
            help: "First day, 2027-01-01, or a time in UTC (default: now).")
        var from: String?
        @Option(help: "Last day, 2027-01-01, or a time in UTC.") var until: String?
        @Option(
            name: .customLong("max-speed"),
            help: "Highest speed, km/h, where the level has none or a higher one.")
        var maxSpeed: Int?
        @Option(
            help: "When it works, for example \"mon-fri 08:00-18:00\"; may be given several times.",
            transform: schedule)
        var weekly: [WeeklySchedule] = []
        @Option(help: "Six digits for the car's screen at first use (latchkey vehicle code).")
        var code: String?

        func validate() throws {
            let (level, _) = try chosenLevel()
            _ = try validity()
            if let maxSpeed {
                guard level.drives else {
                    throw ValidationError("'\(level.name)' does not drive: leave --max-speed out")
                }
                guard (1...(level.maxSpeedKmh ?? 300)).contains(maxSpeed) else {
                    throw ValidationError(
                        "--max-speed takes 1 to \(level.maxSpeedKmh ?? 300) km/h with '\(level.name)'"
                    )
                }
            }
            guard (1...64).contains(friend.utf8.count) else {
                throw ValidationError("--friend takes 1 to 64 bytes")
            }
            if let code {
                guard code.utf8.count == 6, code.allSatisfy({ $0.isASCII && $0.isNumber }) else {
                    throw ValidationError("--code takes 6 digits")
                }
            }
        }

        func run() async throws {
            let phone = try state.phone(name)
            let (level, profile) = try chosenLevel()
            let (notBefore, notAfter) = try validity()
            let terms = ShareTerms(
                friend: friend, level: level.name,
                keyConfig: KeyConfig(
                    profile: profile, notBefore: notBefore, notAfter: notAfter,
                    maxSpeedKmh: maxSpeed ?? level.maxSpeedKmh,
                    weekly: weekly.flatMap(\.windows)),
                activationCode: code)
            let link = try await PhoneCommand.speaking(name) {
                try await phone.share(phone.ownerKey(for: vehicle), terms)
            }
            print("invitation link \(link)")
            print("for \(friend): \(terms.keyConfig.sentence)")
            print("the link is good for 48 hours and one phone")
        }

        private static func schedule(_ text: String) throws -> WeeklySchedule {
            guard let schedule = WeeklySchedule(text) else {
                throw ValidationError(
                    "'\(text)' is no schedule: write days and hours, as in \"mon-fri 08:00-18:00\"")
            }
            return schedule
        }

        private func chosenLevel() throws -> (AccessLevel, Profile) {
            let found = AccessLevel.offered.first { $0.name.lowercased() == level.lowercased() }
            guard let found, let number = UInt8(exactly: found.profile),
                let profile = Profile(rawValue: number)
            else {
                throw ValidationError("--level is one of \(AccessLevel.names)")
            }
            return (found, profile)
        }

        /// The first moment of validity, and the first after it.
        private func validity() throws -> (Instant, Instant?) {
            let now = WallClock.system.now
            let start = try time(from, "--from", wholeDay: "T00:00:00Z") ?? now
            let end = try time(until, "--until", wholeDay: "T23:59:59Z")
            guard end.map({ $0 > now }) ?? true else {
                throw ValidationError("--until is in the past")
            }
            guard end.map({ $0 > start }) ?? true else {
                throw ValidationError("--until is not after --from")
            }
            return (start, end)
        }

        private func time(
            _ text: String?, _ option: String, wholeDay: String
        ) throws -> Instant? {
            guard let text else { return nil }
            guard let time = Instant(rfc3339: text) ?? Instant(rfc3339: text + wholeDay) else {
                throw ValidationError("\(option) takes 2027-01-01 or 2027-01-01T12:00:00Z")
            }
            return time
        }
    }

    /// `latchkey phone accept`
    struct Accept: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes an invitation: makes a key and asks for the owner's signature.")
        @OptionGroup var state: StateOption
        @Argument(help: "The friend's phone.") var name: String
        @Argument(help: "The whole link, in quotes.") var link: String

        func run() async throws {
            let phone = try state.phone(name)
            let (key, vehicle) = try await PhoneCommand.speaking(name) {
                try await phone.accept(link)
            }
            print("\(name): made a key for \(vehicle), waiting for the owner's signature")
            print("key \(key)")
        }
    }

    /// `latchkey phone revoke`
    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ends a key that this phone has shared, or takes back an offer.",
            discussion: """
                With --friend the newest key of that friend ends, and offers to that friend that nobody \
                has taken are taken back.
                """)
        @OptionGroup var state: StateOption
        @Argument(help: "The owner's phone.") var name: String
        @Option(help: "The shared key; its first digits are enough.") var key: String?
        @Option(help: "The friend, as called when sharing.") var friend: String?
        @Option(help: "Vehicle id or name; may be left out with one vehicle.") var vehicle: String?
        @Flag(help: "Tell only the car, at the owner's next tap at the dashboard.")
        var offline = false

        func validate() throws {
            guard (key == nil) != (friend == nil) else {
                throw ValidationError("name --key or --friend")
            }
        }

        func run() async throws {
            let phone = try state.phone(name)
            if let friend {
                let offers = try await phone.withdrawOffers(
                    to: friend, by: vehicle.map(phone.ownerKey(for:)))
                if !offers.done.isEmpty { try PhoneCommand.show(name, offers) }
                guard offers.done.isEmpty || phone.hasShared(with: friend) else { return }
            }
            let report = try await PhoneCommand.speaking(name) {
                let target = try friend.map(phone.sharedKey(of:)) ?? phone.sharedKey(key ?? "")
                return try await phone.revoke(
                    target, with: owner(of: target, phone), offline: offline)
            }
            try PhoneCommand.show(name, report)
        }

        /// The key that shared `target`, when the vehicle does not say.
        private func owner(of target: KeyID, _ phone: Phone) throws -> KeyID {
            let owner = phone.keys.first { $0.shared.contains { $0.key == target } }?.id
            return try vehicle == nil
                ? owner ?? phone.ownerKey(for: nil) : phone.ownerKey(for: vehicle)
        }
    }
}

extension AccessLevel {
    /// Whether a key of this level starts the car (PROTOCOL 8.9).
    var drives: Bool {
        let profile = UInt8(exactly: profile).flatMap(Profile.init)
        return profile != .accessOnly && profile != .trunk
    }

    /// Every level in quotes, for a person to choose from.
    static var names: String {
        offered.map { "\"\($0.name)\"" }.joined(separator: ", ")
    }
}
