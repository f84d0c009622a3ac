// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import TestKit
import Testing

/// The APDUs of a trace vector, and the channel keys our own car finds on the way.
struct RecordedTrace {
    var apdus: [AnnotatedAPDU] = []
    private var annotator = APDUAnnotator()

    /// Pairing, a fast unlock, a standard drive.
    static func pairing() throws -> RecordedTrace {
        let vector = try #require(try Vectors.fixture("pairing-trace").cases.first)
        var trace = try PairingTrace(vector)
        let random = try ScriptedRandom(vector.inputs.list("randomDraws"))
        var record = try trace.record()
        var keys: [ChannelKeys?] = []
        for (purpose, _) in trace.visits {
            let session = ReaderSession(record: record, purpose: purpose, random: random.source)
            record = run(session, with: &trace.phone, at: trace.now, &keys)
        }
        return try RecordedTrace(vector, keys)
    }

    /// A first friend transaction, then a fast unlock.
    static func friend() throws -> RecordedTrace {
        let vector = try #require(try Vectors.fixture("friend-trace").cases.first)
        let trace = try FriendTrace(vector)
        var (record, friend) = (try trace.record(), try trace.friend())
        let random = try ScriptedRandom(vector.inputs.list("randomDraws"))
        var keys: [ChannelKeys?] = []
        for (purpose, _, _) in try trace.visits {
            let session = ReaderSession(record: record, purpose: purpose, random: random.source)
            record = run(session, with: &friend, at: trace.now, &keys)
        }
        return try RecordedTrace(vector, keys)
    }

    private init(_ vector: VectorCase, _ keys: [ChannelKeys?]) throws {
        let pairs = try vector.outputs.list("apdus").filter { $0.names.contains("command") }
        try #require(pairs.count == keys.count)
        for (pair, keys) in zip(pairs, keys) {
            apdus += annotator.annotate(
                command: try pair.hex("command"), response: try pair.hex("response"), keys: keys)
        }
    }

    /// Every command with what the channel's keys are once it is answered.
    private static func run(
        _ session: ReaderSession, with phone: inout some TestPhone, at time: Instant,
        _ keys: inout [ChannelKeys?]
    ) -> VehicleRecord {
        var session = session
        var step = session.start(at: time)
        while true {
            switch step.next {
            case .transmit(let command):
                step = session.received(phone.respond(to: command) ?? [], at: time)
                keys.append(session.traceKeys)
            case .fieldReset:
                phone.fieldLost()
                step = session.fieldWasReset(at: time)
            case .wait: step = session.waited(at: time)
            case .finish: return session.record
            }
        }
    }

    /// The commands and answers whose command has this title.
    func pair(_ title: String, occurrence: Int = 0) throws -> [AnnotatedAPDU] {
        let starts = apdus.indices.filter { apdus[$0].isCommand && apdus[$0].title == title }
        let start = try #require(starts.dropFirst(occurrence).first, "\(title)")
        return [apdus[start], apdus[start + 1]]
    }
}

extension AnnotatedAPDU {
    /// Every part at every depth.
    var allParts: [TracePart] { parts.flatMap(\.selfAndInside) }
}

extension TracePart {
    var selfAndInside: [TracePart] { [self] + parts.flatMap(\.selfAndInside) }
}
