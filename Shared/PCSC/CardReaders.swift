// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What changed at the readers of this machine.
public enum CardReaderEvent: Equatable, Sendable {
    /// The readers there are now, sorted by name; sent first after every (re)connection.
    case readersChanged([String])
    /// A card came into this reader. Only an answered command proves that it is still there.
    case inserted(reader: String)
    /// The card left this reader.
    case removed(reader: String)
    /// The service went away; it is looked for again every 20 to 200 ms.
    case serviceGone
}

/// Watches all readers of this machine.
public struct CardReaders: Sendable {
    /// The shortest and the longest pause between two tries to reach the service, in milliseconds.
    public static let backOff = 20...200
    /// The longest wait for a change before the readers are listed anew, in milliseconds.
    static let longestWait: UInt = 1000

    /// Watches nothing until `events` is called.
    public init() {}

    /// Everything that happens from now on, until the task that reads it ends.
    ///
    /// The service may come and go meanwhile: `serviceGone`, later `readersChanged`.
    public func events() -> AsyncStream<CardReaderEvent> {
        AsyncStream { continuation in
            let monitor = ReaderMonitor { continuation.yield($0) }
            continuation.onTermination = { _ in monitor.stop() }
            monitor.start()
        }
    }

    /// The readers there are at this moment.
    public static func list() async throws(PCSCError) -> [String] {
        let thread = BlockingThread(name: "pcsc list")
        let result: Result<[String], PCSCError> = await withCheckedContinuation { continuation in
            thread.finish {
                continuation.resume(
                    returning: Result { () throws(PCSCError) in try CardContext().readers() })
            }
        }
        return try result.get()
    }
}

/// The thread behind `CardReaders.events`.
private final class ReaderMonitor: @unchecked Sendable {
    private let report: @Sendable (CardReaderEvent) -> Void
    private let thread = BlockingThread(name: "pcsc monitor")
    private let condition = NSCondition()
    // Guarded by `condition`.
    private var isStopped = false
    private var hasEnded = false
    private var context: CardContext?

    init(_ report: @escaping @Sendable (CardReaderEvent) -> Void) { self.report = report }

    func start() {
        thread.finish { [self] in
            watch()
            condition.withLock {
                hasEnded = true
                context = nil
                condition.broadcast()
            }
        }
    }

    /// Ends the thread; a cancel that nobody waits for is lost, so it is repeated.
    func stop() {
        condition.withLock { isStopped = true }
        BlockingThread(name: "pcsc stop").finish { [self] in
            condition.withLock {
                while !hasEnded {
                    condition.broadcast()
                    context?.cancel()
                    _ = condition.wait(until: Date(timeIntervalSinceNow: 0.02))
                }
            }
        }
    }

    private var mayRun: Bool { condition.withLock { !isStopped } }

    private func watch() {
        var pause = CardReaders.backOff.lowerBound
        var wasThere = true
        while mayRun {
            do {
                let context = try CardContext()
                condition.withLock { self.context = context }
                try follow(context) {
                    wasThere = true
                    pause = CardReaders.backOff.lowerBound
                }
            } catch {
                if wasThere { report(.serviceGone) }
                wasThere = false
            }
            condition.withLock {
                context = nil
                guard !isStopped else { return }
                _ = condition.wait(until: Date(timeIntervalSinceNow: Double(pause) / 1000))
            }
            pause = min(pause * 2, CardReaders.backOff.upperBound)
        }
    }

    /// Follows one connection to the service until it fails or the monitor is stopped.
    private func follow(_ context: CardContext, connected: () -> Void) throws(PCSCError) {
        var known: [String]?
        var states: [ReaderState] = []
        while mayRun {
            let readers = try context.readers()
            if readers != known {
                connected()
                states = adopt(readers, replacing: states)
                known = readers
            }
            let pnp = ReaderState(name: ReaderState.anyReader, value: 0)
            let watched = states + [pnp]
            let changed: [ReaderState]
            do {
                changed = try context.waitForChange(
                    of: watched, milliseconds: CardReaders.longestWait)
            } catch PCSCError.readerGone {
                continue  // listed again at the top
            }
            for (before, after) in zip(states, changed) { tell(from: before, to: after) }
            states = zip(states, changed).map { before, after in
                ReaderState(name: before.name, value: after.value & ~2)
            }
        }
    }

    private func adopt(_ readers: [String], replacing states: [ReaderState]) -> [ReaderState] {
        for state in states where !readers.contains(state.name) && state.isPresent {
            report(.removed(reader: state.name))
        }
        report(.readersChanged(readers))
        return readers.map { name in
            states.first { $0.name == name } ?? ReaderState(name: name, value: 0)
        }
    }

    private func tell(from before: ReaderState, to after: ReaderState) {
        switch (before.isPresent, after.isPresent) {
        case (false, true): report(.inserted(reader: after.name))
        case (true, false): report(.removed(reader: after.name))
        case (true, true) where before.count != after.count:
            // It left and came back between two looks.
            report(.removed(reader: after.name))
            report(.inserted(reader: after.name))
        default: break
        }
    }
}
