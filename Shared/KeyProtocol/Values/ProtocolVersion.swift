// SPDX-License-Identifier: Apache-2.0

/// A version, major then minor; a list of them is written highest first (PROTOCOL 3.2).
public struct ProtocolVersion: RawRepresentable, Hashable, Comparable, Sendable, Codable {
    /// Major in the high byte.
    public let rawValue: UInt16

    /// Any version, also one that nobody knows yet.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Applet version 0200, the default.
    public static let v0200 = ProtocolVersion(rawValue: 0x0200)
    /// Applet version 0100; also the only SPAKE2+ version.
    public static let v0100 = ProtocolVersion(rawValue: 0x0100)

    /// A version of exactly two bytes.
    public init(parsing bytes: [UInt8]) throws(ProtocolError) {
        guard bytes.count == 2 else { throw .length }
        rawValue = bytes.reduce(0) { $0 << 8 | UInt16($1) }
    }

    /// Two bytes.
    public var bytes: [UInt8] { [UInt8(rawValue >> 8), UInt8(truncatingIfNeeded: rawValue)] }

    /// Lower versions come first.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// Reads `major‖minor` pairs; 1...127 of them, as many as one length byte counts.
    public static func list(_ bytes: [UInt8]) throws(ProtocolError) -> [ProtocolVersion] {
        guard !bytes.isEmpty, bytes.count.isMultiple(of: 2), bytes.count <= 2 * Limits.versions
        else { throw .length }
        return stride(from: 0, to: bytes.count, by: 2).map { index in
            ProtocolVersion(rawValue: bytes[index...].prefix(2).reduce(0) { $0 << 8 | UInt16($1) })
        }
    }

    /// The highest version both lists hold.
    public static func highestCommon(
        _ ours: [ProtocolVersion], _ theirs: [ProtocolVersion]
    ) -> ProtocolVersion? {
        ours.filter(theirs.contains).max()
    }
}

extension Sequence<ProtocolVersion> {
    /// `major‖minor` pairs.
    public var encoded: [UInt8] { flatMap(\.bytes) }
}
