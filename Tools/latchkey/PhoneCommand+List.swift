// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Contracts
import Identifiers
import PKI
import PhoneHost
import ServiceKit
import Stack
import VirtualPhone

extension PhoneCommand {
    /// `latchkey phone list`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists phones and their keys.")
        @OptionGroup var state: StateOption
        @Flag(help: "Also keys that have ended.") var all = false

        func run() async throws {
            let names = Phone.names(in: state.folder.phones)
            guard !names.isEmpty else {
                return print("no phones yet\nhint: latchkey phone new NAME")
            }
            print(
                "PHONE".padded(to: 14) + "VEHICLE".padded(to: 18) + "ROLE".padded(to: 8)
                    + "STATE".padded(to: 12) + "REGISTERED".padded(to: 12) + "KEY".padded(to: 42)
                    + "ACCESS")
            var isDamaged = false
            for name in names {
                do {
                    try show(name)
                } catch {
                    isDamaged = true
                    PhoneCommand.complain("\(name): \(error)")
                }
            }
            if isDamaged { throw ExitCode(1) }
        }

        private func show(_ name: String) throws {
            let keys = try state.phone(name).keys.filter { all || $0.phase != .terminated }
            if keys.isEmpty { print(name.padded(to: 14) + "-") }
            for key in keys {
                print(name.padded(to: 14) + Self.line(key))
                let vehicle = key.vehicleName ?? key.vehicleId.description
                key.message.map { print("".padded(to: 14) + "\(vehicle) says: \($0)") }
            }
        }

        private static func line(_ key: KeyEntry) -> String {
            (key.vehicleName ?? key.vehicleId.description).padded(to: 18)
                + (key.isOwner ? "owner" : "friend").padded(to: 8)
                + key.state(at: WallClock.system.now).padded(to: 12)
                + (key.isRegistered ? "yes" : "no").padded(to: 12)
                + key.id.description.padded(to: 42) + (key.rights?.sentence ?? "everything")
                + (key.endsAt.map { ", ends at \($0)" } ?? "")
        }
    }

    /// `latchkey phone shares`
    struct Shares: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the keys that a phone has shared, and offers nobody has taken.",
            discussion: """
                This is what the phone knows and what it was told. Whether a key still works say the \
                car and the registry: latchkey vehicle show.
                """)
        @OptionGroup var state: StateOption
        @Argument(help: "The owner's phone.") var name: String

        func run() async throws {
            let phone = try state.phone(name)
            let keys = phone.keys.filter { !$0.shared.isEmpty }
            guard !keys.isEmpty else { return print("\(name): has shared no key") }
            print(
                "FRIEND".padded(to: 14) + "VEHICLE".padded(to: 18) + "STATE".padded(to: 12)
                    + "KEY".padded(to: 42) + "ACCESS")
            for key in keys {
                let ended = try phone.endedShares(of: key.id)
                for share in key.shared {
                    print(
                        share.friend.padded(to: 14)
                            + (key.vehicleName ?? key.vehicleId.description).padded(to: 18)
                            + Self.state(share, ended).padded(to: 12)
                            + (share.key?.description ?? "-").padded(to: 42)
                            + (share.rights?.sentence ?? share.level))
                }
            }
        }

        private static func state(_ share: SharedKey, _ ended: [KeyID]) -> String {
            guard let rights = share.rights else { return "offered" }
            if let key = share.key, ended.contains(key) { return "ended" }
            if share.isRevoked { return "revoked" }
            return rights.hasEnded(at: WallClock.system.now) ? "expired" : "shared"
        }
    }
}

extension KeyConfig {
    /// The access level and its limits, as people call them.
    var sentence: String {
        let level = AccessLevel.offered.first { $0.profile == Int(profile.rawValue) }?.name
        let parts = [
            level ?? "profile \(profile.rawValue)",
            notBefore > WallClock.system.now ? "from \(notBefore)" : nil,
            notAfter.map { "until \($0)" }, maxSpeedKmh.map { "at most \($0) km/h" },
            weekly.isEmpty ? nil : weekly.map(WeeklySchedule.text).joined(separator: " and "),
        ]
        return parts.compactMap(\.self).joined(separator: ", ")
    }
}
