// SPDX-License-Identifier: Apache-2.0

internal import Dispatch

/// What `Database.listen` says.
public enum ListenEvent: Equatable, Sendable {
    /// The connection stands, for the first time or again: look for what was missed.
    case listening
    /// A NOTIFY with its payload.
    case payload(String)
    /// The connection is gone; another is being made.
    case lost
}

extension Database {
    /// The notifications of `channel`, on a connection of its own that is made again when it
    /// breaks; ends when the caller stops iterating or its task is cancelled.
    public func listen(_ channel: String) throws(PostgresError) -> AsyncStream<ListenEvent> {
        try settings.check()
        try DatabaseSettings.check(identifier: channel)
        let settings = settings
        // A slow reader needs to know that there is something, not how often.
        let (stream, continuation) = AsyncStream.makeStream(
            of: ListenEvent.self, bufferingPolicy: .bufferingNewest(64))
        let end = Flag()
        continuation.onTermination = { _ in end.raise() }
        DispatchQueue(label: "latchkey.postgres.listen").async {
            var pause = Duration.milliseconds(50)
            while !end.isRaised {
                do throws(PostgresError) {
                    let link = try Link(settings: settings)
                    _ = try link.run(
                        script: "LISTEN \(channel)", by: .now + settings.connectTimeout)
                    pause = .milliseconds(50)
                    continuation.yield(.listening)
                    // Quarter seconds, to notice the end of the reader.
                    while !end.isRaised {
                        let payloads = try link.notifications(by: .now + .milliseconds(250))
                        payloads.forEach { continuation.yield(.payload($0)) }
                    }
                } catch {
                    continuation.yield(.lost)
                    end.wait(pause)
                    pause = min(pause * 2, DatabaseSettings.maximumBackOff)
                }
            }
            continuation.finish()
        }
        return stream
    }
}

/// Raised once, from any thread.
private final class Flag: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func raise() { semaphore.signal() }

    var isRaised: Bool { isSignalled(within: .now()) }

    func wait(_ pause: Duration) {
        _ = isSignalled(within: .now() + .milliseconds(Int(pause.milliseconds)))
    }

    private func isSignalled(within time: DispatchTime) -> Bool {
        guard semaphore.wait(timeout: time) == .success else { return false }
        semaphore.signal()
        return true
    }
}
