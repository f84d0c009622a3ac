// SPDX-License-Identifier: Apache-2.0

import Foundation

/// That a part ended by itself: how often of late, and when it is started again.
struct Fall {
    var count: Int
    var due: ContinuousClock.Instant
    /// Nobody has started it again yet.
    var isWaiting = true

    /// The next one after `earlier`. The pause doubles up to half a minute, and begins anew once a
    /// part has run for a minute.
    init(after earlier: Fall?, at now: ContinuousClock.Instant) {
        let isRecent = earlier.map { now < $0.due + .seconds(60) } ?? false
        count = isRecent ? (earlier?.count ?? 0) + 1 : 1
        due = now
        due += pause
    }

    /// 1, 2, 4 … 30 seconds.
    var pause: Duration { .seconds(min(30, 1 << min(count - 1, 5))) }
}

extension Stack {
    /// Looks after the parts: says which one ended although nobody stopped it, and starts it again
    /// after a pause. Call it again and again.
    public func revive() async {
        guard !stopping else { return }
        for child in children where !child.isRunning && falls[child.name]?.isWaiting != true {
            let fall = Fall(after: falls[child.name], at: .now)
            falls[child.name] = fall
            progress(
                "\(child.name) ended by itself (\(child.ending)) and starts again in \(fall.pause.components.seconds) s; its log: \(child.log.path)"
            )
        }
        for name in startOrder {
            guard let fall = falls[name], fall.isWaiting, fall.due <= .now else { continue }
            guard !stopping, !Task.isCancelled else { return }
            await startAgain(name)
        }
        await tellOfBroker()
    }

    /// Databases before those who use them.
    private var startOrder: [String] {
        ["pcscd", "postgres", "broker"] + BackEndService.allCases.map(\.rawValue) + ["device-oem"]
    }

    private func startAgain(_ name: String) async {
        falls[name]?.isWaiting = false
        let ended = children.filter { $0.name == name }
        children.removeAll { $0.name == name }
        do {
            switch name {
            case "pcscd": try await startReaders()
            case "postgres": try await startDatabase()
            case "broker": try await startBroker()
            case "device-oem": try await startDeviceOEM()
            default:
                guard let service = BackEndService(rawValue: name) else { return }
                try await startService(service)
            }
        } catch is CancellationError {
            // The stack stops.
        } catch {
            progress("\(error)")
        }
        // What could not even be started has ended once more.
        if !children.contains(where: { $0.name == name }) { children += ended }
        try? save()
    }
}
