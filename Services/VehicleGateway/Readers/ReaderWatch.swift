// SPDX-License-Identifier: Apache-2.0

import Logging
import PCSC
import ServiceKit
import ServiceLifecycle
import Synchronization

/// Watches the readers and serves every phone that comes, one task per reader.
///
/// Phones on two readers are served at once. When the PC/SC service dies, taps in flight end, and
/// the monitor finds the service again by itself.
struct ReaderWatch: Service {
    let status: ReaderStatus
    let host: ServiceHost
    /// Serves the phone in this reader until it is done or gone.
    let serve: @Sendable (String) async -> Void

    func run() async throws {
        await cancelWhenGracefulShutdown { await watch() }
    }

    private func watch() async {
        await withDiscardingTaskGroup { group in
            var readers: [String: AsyncStream<Void>.Continuation] = [:]
            for await event in CardReaders().events() {
                switch event {
                case .readersChanged(let names): status.found(names)
                case .serviceGone:
                    status.lost()
                    host.logger.warning("the PC/SC service is gone")
                case .removed(let name): status.setPresent(false, name)
                case .inserted(let name):
                    status.setPresent(true, name)
                    if readers[name] == nil {
                        let (taps, continuation) = AsyncStream.makeStream(
                            of: Void.self, bufferingPolicy: .bufferingNewest(1))
                        readers[name] = continuation
                        group.addTask { for await _ in taps { await serve(name) } }
                    }
                    readers[name]?.yield()
                }
            }
            for taps in readers.values { taps.finish() }
        }
    }
}

/// What is known of the readers at this moment.
final class ReaderStatus: Sendable {
    struct Reader: Codable, Equatable, Sendable {
        /// The full PC/SC name.
        var name: String
        /// Whether a phone was in the field when last looked at.
        var phonePresent: Bool
    }

    private struct State {
        var isServiceThere = false
        var readers: [Reader] = []
    }

    private let state = Mutex(State())

    /// Whether the PC/SC service answers.
    var isServiceThere: Bool { state.withLock { $0.isServiceThere } }
    /// All readers, by name.
    var readers: [Reader] { state.withLock { $0.readers } }

    func found(_ names: [String]) {
        state.withLock { state in
            let before = state.readers
            state.isServiceThere = true
            state.readers = names.map { name in
                before.first { $0.name == name } ?? Reader(name: name, phonePresent: false)
            }
        }
    }

    func lost() {
        state.withLock { state in
            state.isServiceThere = false
            state.readers = []
        }
    }

    func setPresent(_ isPresent: Bool, _ name: String) {
        state.withLock { state in
            for index in state.readers.indices where state.readers[index].name == name {
                state.readers[index].phonePresent = isPresent
            }
        }
    }
}
