// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Stack

#if canImport(Glibc)
    import Glibc
#endif

/// `latchkey pki …`
struct PKICommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pki", abstract: "Development certificates for services that run elsewhere.",
        subcommands: [Export.self])

    /// `latchkey pki export`
    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes the certificates and keys that the services of a deployment read.",
            discussion: """
                The authorities' own keys stay in the state folder; they are made there on first \
                use. Run as root, the files belong to --owner, so that containers can read them.
                """)

        @OptionGroup var state: StateOption
        @Option(help: "The folder to write to; it is made when it is not there.") var out: String
        @Option(help: "The environment that the certificates are for.")
        var environment = "development"
        @Option(help: "A name or IPv4 address of the machine beside localhost; may be repeated.")
        var host: [String] = []
        @Option(help: "Number of the user who reads the files; the image's is 10001.")
        var owner: UInt32 = 10_001

        func validate() throws {
            let letters = Set("abcdefghijklmnopqrstuvwxyz0123456789-")
            guard (1...32).contains(environment.utf8.count),
                environment.allSatisfy(letters.contains)
            else { throw ValidationError("--environment takes 1 to 32 of a-z, 0-9 and -") }
        }

        func run() async throws {
            let folder = URL(fileURLWithPath: out, isDirectory: true)
            let automaker = DevelopmentAutomaker(
                folder: state.folder.automaker, environment: environment)
            do {
                try automaker.export(to: folder, hosts: host)
            } catch let error as StackError {
                throw error
            } catch {
                throw CommandError(
                    "the certificates in \(state.folder.automaker.path) cannot be used: \(error)",
                    hint:
                        "--environment must be the one they were made for; or choose another --state"
                )
            }
            print("certificates for the environment \(environment) are in \(folder.path)")
            guard geteuid() == 0 else {
                return print(
                    "containers run as user \(owner), so give them the files:\n  docker run --rm --user 0 -v \(folder.path):/pki latchkey chown -R \(owner) /pki"
                )
            }
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            for path in [folder.path] + names.map({ folder.appending(path: $0).path })
            where chown(path, owner, owner) != 0 {
                throw CommandError(
                    "cannot give \(path) to user \(owner): \(String(cString: strerror(errno)))",
                    hint: "choose a folder on another file system")
            }
        }
    }
}
