// SPDX-License-Identifier: Apache-2.0

internal import Foundation
public import Identifiers
public import KeyCrypto

/// A tap as one side saw it: a header, then a line per command. Outside the environments of the
/// bench it holds what a listener could have heard, and nothing more.
public struct TapTrace: Equatable, Sendable {
    public var header: Header
    public private(set) var lines: [Line] = []

    /// Whose view, and where it began.
    public struct Header: Codable, Equatable, Sendable {
        /// Always `latchkey-trace-1`.
        public var format = "latchkey-trace-1"
        public var side: Side
        public var environment: String
        /// Phone or vehicle.
        public var name: String
        public var at: Instant
        /// The phone before the tap as JSON, for a replay; secret.
        public var phone: String?
        /// What held on the phone; none in a car's trace.
        public var isUnlocked: Bool?
        public var powerReserve: Bool?
        public var expressMode: Bool?
        public var interface: Interface?

        /// A header without a phone.
        public init(side: Side, environment: String, name: String, at: Instant) {
            self.side = side
            self.environment = environment
            self.name = name
            self.at = at
        }
    }

    public enum Side: String, Codable, Sendable {
        case car, phone
    }

    /// Random bytes that were used up, under the name they were drawn by.
    public struct Draw: Codable, Equatable, Sendable {
        public var purpose: String
        public var bytes: String

        /// A draw.
        public init(purpose: String, bytes: [UInt8]) {
            self.purpose = purpose
            self.bytes = bytes.hex
        }
    }

    /// A command with its answer, a loss of field, or the end.
    public struct Line: Codable, Equatable, Sendable {
        /// Milliseconds since the tap began.
        public var ms: Double
        /// What the clock said.
        public var at: Instant?
        public var command: String?
        public var response: String?
        /// Keys of the channel, on the line that opened it; secret.
        public var keys: String?
        /// Drawn since the line before; secret.
        public var draws: [Draw]?
        /// The car at the start of a session, for a replay; secret.
        public var car: TracedCar?
        public var fieldLost: Bool?
        /// A polling frame that came before the commands.
        public var polling: String?
        /// How it ended, for people.
        public var end: String?

        /// Whether all that should be hexadecimal is.
        fileprivate var isReadable: Bool {
            [command, response, keys, polling].compactMap(\.self).allSatisfy {
                (try? [UInt8](hex: $0)) != nil
            }
        }
    }

    /// A trace without lines.
    public init(header: Header) { self.header = header }

    /// Whether keys and draws are noted, which only a bench allows.
    public var holdsSecrets: Bool { BenchMaterial.isAllowed(in: header.environment) }
    private var lastKeys: String?

    /// Notes the car at the start of a session.
    public mutating func note(_ car: TracedCar, ms: Double, at now: Instant) {
        guard holdsSecrets else { return }
        lines.append(Line(ms: Self.rounded(ms), at: now, car: car))
    }

    /// Notes a command and its answer, which is empty when none came.
    ///
    /// - Parameter keys: those of the channel after the answer, new or not.
    public mutating func note(
        _ command: [UInt8], _ response: [UInt8], ms: Double, at now: Instant,
        keys: ChannelKeys? = nil, draws: [Draw] = []
    ) {
        var line = Line(ms: Self.rounded(ms), at: now, command: command.hex, response: response.hex)
        if holdsSecrets {
            if let keys = keys?.exposed.hex, keys != lastKeys {
                (line.keys, lastKeys) = (keys, keys)
            }
            line.draws = draws.isEmpty ? nil : draws
        }
        lines.append(line)
    }

    /// Notes that the field went off; several times in a row is once.
    public mutating func noteFieldLost(ms: Double) {
        guard lines.last?.command != nil else { return }
        lines.append(Line(ms: Self.rounded(ms), fieldLost: true))
    }

    /// Notes what the reader announced.
    public mutating func note(_ frame: PollingFrame, ms: Double) {
        lines.append(Line(ms: Self.rounded(ms), polling: frame.encoded.hex))
    }

    /// Notes how it ended.
    public mutating func noteEnd(_ sentence: String, ms: Double) {
        lines.append(Line(ms: Self.rounded(ms), end: sentence))
    }

    /// Whether there is a command in it.
    public var isEmpty: Bool { !lines.contains { $0.command != nil } }

    private static func rounded(_ ms: Double) -> Double { (ms * 10).rounded() / 10 }
}

// MARK: - Text

extension TapTrace {
    /// One JSON object a line.
    public func text() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let lines = try [encoder.encode(header)] + lines.map { try encoder.encode($0) }
        return lines.map { String(decoding: $0, as: UTF8.self) + "\n" }.joined()
    }

    /// Reads what `text` wrote; none when it is no trace.
    public init?(parsing text: String) {
        let decoder = JSONDecoder()
        let texts = text.split(whereSeparator: \.isNewline).map { Data($0.utf8) }
        guard let first = texts.first,
            let header = try? decoder.decode(Header.self, from: first),
            header.format == "latchkey-trace-1",
            let lines = try? texts.dropFirst().map({ try decoder.decode(Line.self, from: $0) }),
            lines.allSatisfy(\.isReadable)
        else { return nil }
        self.init(header: header)
        self.lines = lines
    }

    /// Every command and answer with its names, by line.
    public func annotated() -> [(line: Line, apdus: [AnnotatedAPDU])] {
        var annotator = APDUAnnotator()
        return lines.map { line in
            guard let command = line.command else { return (line, []) }
            return (
                line,
                annotator.annotate(
                    command: (try? [UInt8](hex: command)) ?? [],
                    response: (try? [UInt8](hex: line.response ?? "")) ?? [],
                    keys: line.keys.flatMap { try? [UInt8](hex: $0) }.map(
                        ChannelKeys.init(exposed:)))
            )
        }
    }
}
