// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
import KeyCrypto
import KeyProtocol
import Logging
import ServiceKit

extension TapRunner {
    /// Keeps a tap that failed where somebody can look at it.
    func keepTrace(of tap: Tap) {
        guard let traces else { return }
        do {
            guard let file = try tap.keepTrace(in: traces) else { return }
            host.logger.info("a tap that failed is kept", metadata: ["file": .string(file.path)])
        } catch {
            host.logger.error("the trace of a tap cannot be written")
        }
    }
}

/// A tap as the car saw it, kept when it failed: one file per vehicle, the last one.
extension Tap {
    /// Begins a trace.
    mutating func beginTrace(_ host: ServiceHost) {
        began = .now
        trace = TapTrace(
            header: .init(
                side: .car, environment: host.shared.environment, name: "\(place.vehicleId)",
                at: host.clock.now))
    }

    mutating func noteTrace(
        _ command: [UInt8], _ answer: [UInt8], _ keys: ChannelKeys?, at now: Instant
    ) {
        let ms = sinceBegan
        trace?.note(command, answer, ms: ms, at: now, keys: keys)
    }

    mutating func noteFieldReset() {
        let ms = sinceBegan
        trace?.noteFieldLost(ms: ms)
    }

    /// Writes the trace of a tap that did not do what the phone came for; where it is then.
    func keepTrace(in folder: URL) throws -> URL? {
        switch outcome?.result {
        case .refused, .aborted, nil: break
        case .unlocked, .locked, .driveReady, .paired, .present: return nil
        }
        guard var trace, !trace.isEmpty else { return nil }
        trace.noteEnd(outcome?.sentence ?? note ?? "", ms: sinceBegan)
        let manager = FileManager.default
        try manager.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let file = folder.appending(path: "\(place.vehicleId).jsonl")
        try Data(trace.text().utf8).write(to: file, options: .atomic)
        try manager.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
        return file
    }

    private var sinceBegan: Double { (ContinuousClock.now - began) / .milliseconds(1) }
}
