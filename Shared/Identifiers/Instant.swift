// SPDX-License-Identifier: Apache-2.0

/// A moment in UTC with a resolution of one second, as GeneralizedTime carries it (PROTOCOL 2.3).
public struct Instant: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    /// Seconds since 1970-01-01T00:00:00Z.
    public let secondsSinceEpoch: Int64

    /// The moment `secondsSinceEpoch` seconds after 1970.
    public init(secondsSinceEpoch: Int64) { self.secondsSinceEpoch = secondsSinceEpoch }

    /// "No end": 9999-12-31T23:59:59Z.
    public static let noEnd = Instant(secondsSinceEpoch: 253_402_300_799)

    /// This moment plus `seconds`.
    public func adding(seconds: Int64) -> Instant {
        Instant(secondsSinceEpoch: secondsSinceEpoch + seconds)
    }

    /// Earlier moments come first.
    public static func < (left: Instant, right: Instant) -> Bool {
        left.secondsSinceEpoch < right.secondsSinceEpoch
    }

    /// Reads `YYYYMMDDHHMMSSZ`; none for anything else, an impossible date included.
    public init?(generalizedTime text: String) {
        let letters = Array(text.utf8)
        guard letters.count == 15, letters.last == UInt8(ascii: "Z") else { return nil }
        self.init(digits: letters.dropLast())
    }

    /// Reads RFC 3339 in UTC, `YYYY-MM-DDTHH:MM:SSZ`, with or without a fraction (dropped).
    public init?(rfc3339 text: String) {
        let letters = Array(text.utf8)
        guard letters.count >= 20, letters.count <= 30, letters.last == UInt8(ascii: "Z") else {
            return nil
        }
        let separators: [(Int, Character)] = [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")]
        for (index, mark) in separators where letters[index] != mark.asciiValue { return nil }
        let fraction = letters.dropFirst(19).dropLast()
        guard fraction.isEmpty || fraction.first == UInt8(ascii: "."),
            fraction.dropFirst().allSatisfy({ (48...57).contains($0) })
        else { return nil }
        let marks = Set(separators.map(\.0))
        self.init(
            digits: letters.prefix(19).enumerated().filter { !marks.contains($0.offset) }.map(
                \.element))
    }

    /// Reads fourteen digits, `YYYYMMDDHHMMSS`.
    private init?(digits letters: some Collection<UInt8>) {
        guard letters.count == 14, letters.allSatisfy({ (48...57).contains($0) }) else {
            return nil
        }
        var rest = letters.map { Int64($0 - 48) }[...]
        func take(_ count: Int) -> Int64 {
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count).reduce(0) { $0 * 10 + $1 }
        }
        let (year, month, day) = (take(4), take(2), take(2))
        let (hour, minute, second) = (take(2), take(2), take(2))
        guard (1...12).contains(month), hour < 24, minute < 60, second < 60,
            (1...Self.days(inMonth: month, of: year)).contains(day)
        else { return nil }
        let days = Self.daysSinceEpoch(year: year, month: month, day: day)
        secondsSinceEpoch = days * 86_400 + hour * 3600 + minute * 60 + second
    }

    /// `YYYYMMDDHHMMSSZ`.
    public var generalizedTime: String {
        let (year, month, day, second) = civil
        return Self.padded(year, 4) + Self.padded(month, 2) + Self.padded(day, 2)
            + Self.padded(second / 3600, 2) + Self.padded(second / 60 % 60, 2)
            + Self.padded(second % 60, 2) + "Z"
    }

    /// RFC 3339, `YYYY-MM-DDTHH:MM:SSZ`.
    public var description: String {
        let (year, month, day, second) = civil
        return "\(Self.padded(year, 4))-\(Self.padded(month, 2))-\(Self.padded(day, 2))T"
            + "\(Self.padded(second / 3600, 2)):\(Self.padded(second / 60 % 60, 2)):"
            + "\(Self.padded(second % 60, 2))Z"
    }

    /// Reads an RFC 3339 string.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = Instant(rfc3339: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "expected a time such as 2026-01-31T12:00:00Z")
        }
        self = value
    }

    /// Writes an RFC 3339 string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    /// Minutes since midnight UTC, 0...1439.
    public var minuteOfDay: Int { civil.second / 60 }
    /// 0 for Monday ... 6 for Sunday.
    public var weekday: Int {
        let days = (secondsSinceEpoch - Self.modulo(secondsSinceEpoch, 86_400)) / 86_400
        return Int(Self.modulo(days + 3, 7))
    }

    private var civil: (year: Int, month: Int, day: Int, second: Int) {
        let second = Self.modulo(secondsSinceEpoch, 86_400)
        // Howard Hinnant's civil-from-days arithmetic over eras of 400 years from 0000-03-01.
        let days = (secondsSinceEpoch - second) / 86_400 + 719_468
        let era = (days >= 0 ? days : days - 146_096) / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (Int(year), Int(month), Int(day), Int(second))
    }

    private static func daysSinceEpoch(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private static func days(inMonth month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func modulo(_ value: Int64, _ by: Int64) -> Int64 {
        let rest = value % by
        return rest < 0 ? rest + by : rest
    }

    private static func padded(_ value: Int, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: Swift.max(0, width - text.count)) + text
    }
}
