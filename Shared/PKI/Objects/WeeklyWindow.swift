// SPDX-License-Identifier: Apache-2.0

internal import SwiftASN1

/// One window of a weekly schedule, in the local time of the car (PROTOCOL 12.2).
///
/// ```
/// SEQUENCE { days BIT STRING(7) = 03 02 01 xx, fromMin INTEGER, toMin INTEGER }
/// ```
/// A window across midnight is two entries.
public struct WeeklyWindow: Hashable, Sendable {
    /// Seven bits, bit 6 for Monday ... bit 0 for Sunday.
    public let days: UInt8
    /// First minute since local midnight, 0...1439.
    public let fromMinute: Int
    /// Minute the window ends before, `fromMinute + 1`...1440.
    public let toMinute: Int

    /// The same minutes on each of `days` (bit 6 for Monday ... bit 0 for Sunday).
    public init(days: UInt8, fromMinute: Int, toMinute: Int) throws(PKIError) {
        guard days < 0x80 else { throw .range("days") }
        guard fromMinute >= 0, fromMinute < toMinute, toMinute <= 1440 else {
            throw .range("a window from minute \(fromMinute) to \(toMinute)")
        }
        self.days = days
        self.fromMinute = fromMinute
        self.toMinute = toMinute
    }

    init(_ reader: DERReader) throws(PKIError) {
        var fields = reader
        let bits = Array(try fields.primitive("days", tag: .bitString))
        guard bits.count == 2, bits.first == 1, let mask = bits.last, mask & 1 == 0 else {
            throw .der("days")
        }
        let from = try fields.integer("fromMin", in: 0...1440)
        let to = try fields.integer("toMin", in: 0...1440)
        try fields.end()
        guard from < to else { throw .der("fromMin not before toMin") }
        try self.init(days: mask >> 1, fromMinute: from, toMinute: to)
    }

    func write(to writer: inout DER.Serializer) {
        writer.sequence { fields in
            fields.octets([1, days << 1], tag: .bitString)
            fields.integer(fromMinute)
            fields.integer(toMinute)
        }
    }

    /// Whether a moment is in this window; `weekday` 0 for Monday, `minute` 0...1439.
    public func contains(weekday: Int, minute: Int) -> Bool {
        (0...6).contains(weekday) && days >> (6 - weekday) & 1 == 1
            && fromMinute <= minute && minute < toMinute
    }
}
