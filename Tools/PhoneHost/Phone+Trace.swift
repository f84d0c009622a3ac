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
        draws.remember(trace.holdsSecrets)
        return trace
    }

    /// Refuses a trace that could not be written afterwards: what the tap did must not be lost for it.
    func checkTrace(_ options: TapOptions) throws(PhoneHostError) {
        guard let path = options.trace else { return }
        let url = URL(fileURLWithPath: path)
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
        let folder = url.deletingLastPathComponent().path
        guard !(exists && isFolder.boolValue), FileManager.default.isWritableFile(atPath: folder)
        else { throw .traceUnwritable(path) }
    }

    /// Writes the trace where it was asked for, else beside the phone when the tap failed; where
    /// it is then.
    ///
    /// - Parameter start: the phone before the tap.
    func endTrace(
        _ session: TapSession, _ options: TapOptions, start: PhoneCard.Snapshot
    ) throws -> String? {
        draws.remember(false)
        var trace = session.trace
        let isWanted = options.trace != nil || !session.result.isSuccess
        guard isWanted, !trace.isEmpty else { return nil }
        if trace.holdsSecrets {
            trace.header.phone = String(decoding: try JSONEncoder().encode(start), as: UTF8.self)
        }
        trace.noteEnd(session.result.text, ms: session.milliseconds)
        let url =
            options.trace.map { URL(fileURLWithPath: $0) } ?? folder.appending(path: "trace.jsonl")
        try PrivateFolder(url.deletingLastPathComponent())
            .write(Data(try trace.text().utf8), to: url.lastPathComponent, mode: 0o600)
        return url.path
    }
}
