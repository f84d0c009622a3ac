// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Stack

/// `latchkey demo`
struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs the main job: a car is paired, opened, started, shared and revoked.",
        discussion: """
            Everything is real: six services, PostgreSQL, the Kafka protocol, PC/SC readers, \
            phones that are programs. It runs in a scratch folder, stops what it started, and \
            exits with 1 when any step is not as expected.
            """)

    @Flag(help: "Wait for Enter between steps.") var pause = false
    @Flag(help: "Keep the scratch folder, to look at logs and state afterwards.") var keep = false

    func run() async throws {
        let scratch = FileManager.default.temporaryDirectory
            .appending(path: "latchkey-demo-\(ProcessInfo.processInfo.processIdentifier)")
        let folder = StateFolder(path: scratch.path)
        let seed = Int(ProcessInfo.processInfo.processIdentifier)
        let narrator = Narrator(pausing: pause)
        let stack = Stack(folder: folder, ports: try PortPlan.free(seed: seed)) {
            narrator.note($0)
        }
        let interruption = Interruption()
        let story = Task {
            try await Story(stack: stack, folder: folder, narrator: narrator).tell()
        }
        let watch = Task {
            while !Task.isCancelled {
                if interruption.happened { story.cancel() }
                try? await Task.sleep(for: .milliseconds(100))
            }
        }
        let result = await story.result
        watch.cancel()
        await stack.stop()
        if !keep { try? FileManager.default.removeItem(at: scratch) }
        switch result {
        case .success:
            narrator.summary()
            if keep { print("state and logs: \(scratch.path)") }
        case .failure(let error):
            narrator.summary()
            print("\nthe demo failed: \(error)")
            print("hint: latchkey demo --keep leaves the logs in the scratch folder")
            throw ExitCode(1)
        }
    }
}
