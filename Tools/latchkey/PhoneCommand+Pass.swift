// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Contracts
import Foundation
import PhoneHost
import ServiceKit
import Stack

extension PhoneCommand {
    /// `latchkey phone pass`
    struct Pass: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows the passes in a phone's wallet, or writes the picture of one.",
            discussion: """
                A pass comes at a sync once the key is registered. Its state is the stricter of what \
                the phone knows and what the automaker said last.
                """)
        @OptionGroup var state: StateOption
        @Argument(help: "The phone.") var name: String
        @Option(help: "The key; its first digits are enough. May be left out with one pass.")
        var key: String?
        @Option(
            help:
                "Where to write the picture, as it came: a drawn card is SVG, artwork of the brand SVG or PNG."
        ) var out: String?

        func run() async throws {
            let phone = try state.phone(name)
            let chosen = try key.map { try phone.key($0) }
            let held = try phone.keys.filter { chosen == nil || $0.id == chosen }.compactMap {
                key in
                try phone.pass(of: key.id).map { (key, $0) }
            }
            guard let (_, first) = held.first else {
                throw CommandError(
                    "\(name) has no pass\(chosen.map { " of the key \($0)" } ?? "")",
                    hint: "latchkey phone sync \(name) fetches passes of registered keys")
            }
            guard let out else {
                for (key, pass) in held { Self.show(pass, of: key) }
                return
            }
            guard held.count == 1 else {
                throw CommandError("\(name) has several passes", hint: "name one with --key")
            }
            try NamedFile(path: out).write(Data(first.artwork))
            print("\(first.content.title): \(first.content.artwork.mediaType.rawValue) in \(out)")
        }

        private static func show(_ pass: WalletPass, of key: KeyEntry) {
            let content = pass.content
            let end = content.validTo.map { " until \($0)" } ?? ""
            for (label, text) in [
                ("pass", content.title), ("brand", content.brand), ("model", content.model),
                ("key", "\(content.keyId)"), ("access", content.entitlement),
                ("valid", "from \(content.validFrom)\(end)"),
                ("state", pass.state(beside: key, at: WallClock.system.now)),
                ("signed by", pass.signer), ("revision", content.revision),
            ] {
                print(label.padded(to: 12) + text)
            }
        }
    }
}
