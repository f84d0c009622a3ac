// SPDX-License-Identifier: Apache-2.0

public import PKI

/// `mon-fri 08:00-18:00`, `sat,sun 10:00-16:00` or `fri 22:00-02:00`: when a key may be used, in the
/// car's local time.
public struct WeeklySchedule: Equatable, Sendable {
    /// Monday first, one or two windows: one that crosses midnight is two (PROTOCOL 12.2).
    public let windows: [WeeklyWindow]

    private static let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

    /// Reads days and hours; none when the text is something else.
    public init?(_ text: String) {
        let parts = text.lowercased().split(separator: " ")
        guard parts.count == 2, let days = parts.first.flatMap(Self.days(in:)),
            let (from, to) = parts.last.flatMap(Self.minutes(in:)), from != to
        else { return nil }
        do {
            windows =
                from < to
                ? [try WeeklyWindow(days: days, fromMinute: from, toMinute: to)]
                : try [
                    WeeklyWindow(days: days, fromMinute: from, toMinute: 1440),
                    // Sunday's night ends on Monday.
                    WeeklyWindow(days: days >> 1 | (days & 1) << 6, fromMinute: 0, toMinute: to),
                ].filter { $0.toMinute > 0 }
        } catch { return nil }
    }

    /// One window as people write it: `mon-fri 08:00-18:00`, `sat,sun 22:00-24:00`.
    public static func text(_ window: WeeklyWindow) -> String {
        let named = days.enumerated().filter { window.days >> (6 - $0.offset) & 1 == 1 }
        let isRun =
            named.count > 2
            && named.last.map(\.offset)
                == named.first.map {
                    $0.offset + named.count - 1
                }
        let names = named.map(\.element)
        let ends = [names.first, names.last].compactMap(\.self)
        return (isRun ? ends.joined(separator: "-") : names.joined(separator: ",")) + " "
            + time(window.fromMinute) + "-" + time(window.toMinute)
    }

    private static func time(_ minute: Int) -> String {
        [minute / 60, minute % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
    }

    /// Bit 6 for Monday … bit 0 for Sunday.
    private static func days(in text: Substring) -> UInt8? {
        var mask: UInt8 = 0
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map {
                days.firstIndex(of: String($0))
            }
            guard (1...2).contains(ends.count), let first = ends.first ?? nil,
                let last = ends.last ?? nil
            else { return nil }
            let count = (last - first + 7) % 7 + 1
            for step in 0..<count { mask |= 1 << (6 - (first + step) % 7) }
        }
        return mask == 0 ? nil : mask
    }

    private static func minutes(in text: Substring) -> (Int, Int)? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map(minute(of:))
        guard ends.count == 2, let from = ends.first ?? nil, let to = ends.last ?? nil,
            from < 1440
        else { return nil }
        return (from, to)
    }

    /// Minutes since midnight of `HH:MM`, 24:00 included.
    private static func minute(of text: Substring) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.count == 2 }),
            let hour = parts.first.flatMap({ Int($0) }),
            let minute = parts.last.flatMap({ Int($0) }),
            (0...59).contains(minute), (0...1440).contains(hour * 60 + minute)
        else { return nil }
        return hour * 60 + minute
    }
}
