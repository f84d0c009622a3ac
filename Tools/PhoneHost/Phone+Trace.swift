// SPDX-License-Identifier: Apache-2.0

internal import DeviceOEM
internal import Foundation
internal import KeyProtocol
internal import ServiceKit
internal import VirtualPhone

/// A tap as the phone saw it, for people who look for what went wrong.
extension Phone {
    /// A trace of nothing yet, under the conditions of this tap.
    func beginTrace() -> TapTrace {
        var trace = TapTrace(
            header: .init(
                side: .phone, environment: maker.environment, name: name, at: clock.now))
        trace.header.isUnlocked = card.conditions.isUnlocked
        trace.header.expressMode = card.conditions.expressMode
        trace.header.powerReserve = !card.conditions.frameworkRuns
        trace.header.interface = card.interface
        draws.remember(trace.holdsSecrets)
        return trace
    }

    /// Refuses a trace that could not be written afterwards: what the tap did must not be lost for it.
    func checkTrace(_ path: String?) throws(PhoneHostError) {
        guard let path else { return }
        let url = URL(fileURLWithPath: path)
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
        let folder = url.deletingLastPathComponent().path
        guard !(exists && isFolder.boolValue), FileManager.default.isWritableFile(atPath: folder)
        else { throw .traceUnwritable(path) }
    }

    /// Writes the trace where it was asked for, else beside the phone when what it shows failed, and
    /// notes in `result` where it is, or why it is not: the tap is what it is.
    ///
    /// - Parameters:
    ///   - text: how it ended, `ms` after it began.
    ///   - start: the phone before it.
    func keepTrace(
        _ trace: TapTrace, at path: String?, hasFailed: Bool, text: String, ms: Double,
        start: PhoneCard.Snapshot, in result: inout TapResult
    ) {
        draws.remember(false)
        guard path != nil || hasFailed, !trace.isEmpty else { return }
        var trace = trace
        trace.noteEnd(text, ms: ms)
        let url = path.map { URL(fileURLWithPath: $0) } ?? folder.appending(path: "trace.jsonl")
        do {
            if trace.holdsSecrets {
                trace.header.phone = String(
                    decoding: try JSONEncoder().encode(start), as: UTF8.self)
            }
            try PrivateFolder(url.deletingLastPathComponent())
                .write(Data(try trace.text().utf8), to: url.lastPathComponent, mode: 0o600)
            result.trace = url.path
        } catch { result.traceFailure = "\(error)" }
    }
}
