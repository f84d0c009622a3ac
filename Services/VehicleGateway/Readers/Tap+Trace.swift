// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
import KeyCrypto
import KeyProtocol
import Logging
import ServiceKit

extension TapRunner {
    /// Which taps leave a trace.
    struct Traces: Sendable {
        /// Holds per vehicle the last tap that failed, and the last that did not.
        let folder: URL
        /// Also taps that did what the phone came for.
        let keepsAll: Bool
    }

    /// Keeps a tap where somebody can look at it.
    func keepTrace(of tap: Tap) {
        guard let traces, traces.keepsAll || tap.hasFailed else { return }
        do {
            guard let file = try tap.keepTrace(in: traces.folder) else { return }
            host.logger.info("a tap is kept", metadata: ["file": .string(file.path)])
        } catch {
            host.logger.error("the trace of a tap cannot be written")
        }
    }
}

/// A tap as the car saw it.
extension Tap {
    /// Begins a trace.
    mutating func beginTrace(_ host: ServiceHost) {
        began = .now
        let trace = TapTrace(
            header: .init(
                side: .car, environment: host.shared.environment, name: "\(place.vehicleId)",
                at: host.clock.now))
        draws.remember(trace.holdsSecrets)
        self.trace = trace
    }

    /// Notes the car before a session.
    mutating func noteTrace(_ car: TracedCar, at now: Instant) {
        let ms = sinceBegan
        trace?.note(car, ms: ms, at: now)
    }

    /// Notes a command and its answer, which is empty when none came.
    mutating func noteTrace(
        _ command: [UInt8], _ answer: [UInt8], _ keys: ChannelKeys?, at now: Instant
    ) {
        let (ms, drawn) = (sinceBegan, draws.take())
        trace?.note(command, answer, ms: ms, at: now, keys: keys, draws: drawn)
    }

    mutating func noteFieldReset() {
        let ms = sinceBegan
        trace?.noteFieldLost(ms: ms)
    }

    /// Whether it did not do what the phone came for.
    var hasFailed: Bool {
        switch outcome?.result {
        case .refused, .aborted, nil: true
        case .unlocked, .locked, .driveReady, .paired, .present: false
        }
    }

    /// Writes the trace; where it is then.
    func keepTrace(in folder: URL) throws -> URL? {
        guard var trace, !trace.isEmpty else { return nil }
        trace.noteEnd(sentence, ms: sinceBegan)
        let manager = FileManager.default
        try manager.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let file = folder.appending(path: "\(place.vehicleId)\(hasFailed ? "" : "-done").jsonl")
        try Data(trace.text().utf8).write(to: file, options: .atomic)
        try manager.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
        return file
    }

    private var sinceBegan: Double { (ContinuousClock.now - began) / .milliseconds(1) }
}
