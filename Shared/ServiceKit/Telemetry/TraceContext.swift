// SPDX-License-Identifier: Apache-2.0

public import Identifiers

/// A W3C trace context, `00-<trace id>-<span id>-<flags>`.
public struct TraceContext: Hashable, Sendable, CustomStringConvertible {
    /// Names the whole story, 16 bytes in hexadecimal.
    public let traceId: String
    /// Names the caller's step, 8 bytes in hexadecimal.
    public let spanId: String
    /// `01` when the caller records it.
    public let flags: String

    /// Starts a story.
    public init(random: RandomSource) {
        traceId = random.bytes(16, for: "trace id").hex
        spanId = random.bytes(8, for: "span id").hex
        flags = "01"
    }

    /// Reads the header `traceparent`; none when it is malformed or all zero.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4, parts[0] == "00", text.utf8.count == 55, parts[1].utf8.count == 32,
            parts[2].utf8.count == 16,
            text.utf8.allSatisfy({
                (0x30...0x39).contains($0) || (0x61...0x66).contains($0) || $0 == 0x2D
            }),
            parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" })
        else { return nil }
        (traceId, spanId, flags) = (parts[1], parts[2], parts[3])
    }

    private init(traceId: String, spanId: String, flags: String) {
        (self.traceId, self.spanId, self.flags) = (traceId, spanId, flags)
    }

    /// The next step of the same story.
    public func child(_ random: RandomSource) -> TraceContext {
        TraceContext(
            traceId: traceId, spanId: random.bytes(8, for: "span id").hex, flags: flags)
    }

    /// The value of the header `traceparent`.
    public var description: String { "00-\(traceId)-\(spanId)-\(flags)" }
}
