// SPDX-License-Identifier: Apache-2.0

public import Identifiers
internal import SwiftASN1

/// The rights of a key (PROTOCOL 12.2).
///
/// ```
/// SEQUENCE { version INTEGER(1), profile ENUMERATED, notBefore GeneralizedTime,
///            notAfter [0] GeneralizedTime OPTIONAL, maxSpeedKmh [1] INTEGER OPTIONAL,
///            weekly [2] SEQUENCE OF SEQUENCE { days, fromMin, toMin } OPTIONAL,
///            mayShare [3] BOOLEAN DEFAULT FALSE }
/// ```
/// `mayShare` is FALSE in this version and therefore absent: a TRUE is refused as much as a FALSE
/// that is written out.
public struct KeyConfig: DERObject {
    /// What the key is for.
    public var profile: Profile
    /// The first moment the key is valid.
    public var notBefore: Instant
    /// The first moment the key is no longer valid; none = no end.
    public var notAfter: Instant?
    /// Highest speed, km/h, 0...65535.
    public var maxSpeedKmh: Int?
    /// When in the week the key may be used; empty = always. As many entries as an
    /// Attestation has room for, about 36.
    public var weekly: [WeeklyWindow]

    /// The rights of a key; without `notAfter` it has no end, without `weekly` it is valid all week.
    public init(
        profile: Profile, notBefore: Instant, notAfter: Instant? = nil, maxSpeedKmh: Int? = nil,
        weekly: [WeeklyWindow] = []
    ) {
        self.profile = profile
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.maxSpeedKmh = maxSpeedKmh
        self.weekly = weekly
    }

    /// Reads strict DER.
    public init(parsing bytes: [UInt8]) throws(PKIError) {
        var fields = try DERReader(parsing: bytes, limit: Limits.attestation)
        try fields.version()
        profile = try fields.enumerated("profile")
        notBefore = try fields.time("notBefore")
        notAfter = fields.isNext(.context(0)) ? try fields.time("notAfter", tag: .context(0)) : nil
        maxSpeedKmh =
            fields.isNext(.context(1))
            ? try fields.integer("maxSpeedKmh", in: 0...65_535, tag: .context(1)) : nil
        weekly = []
        if fields.isNext(.context(2)) {
            var windows = try fields.sequence("weekly", tag: .context(2))
            repeat {
                weekly.append(try WeeklyWindow(windows.sequence("weekly entry")))
            } while !windows.isAtEnd
        }
        try fields.end()
    }

    /// The DER of this value.
    public var encoded: [UInt8] {
        DER.Serializer.sequence { fields in
            fields.version()
            fields.enumerated(profile.rawValue)
            fields.time(notBefore)
            if let notAfter { fields.time(notAfter, tag: .context(0)) }
            if let maxSpeedKmh { fields.integer(maxSpeedKmh, tag: .context(1)) }
            if !weekly.isEmpty {
                fields.sequence(tag: .context(2)) { windows in
                    for window in weekly { window.write(to: &windows) }
                }
            }
        }
    }
}

extension KeyConfig {
    /// Whether `time` is within notBefore ≤ time < notAfter (PROTOCOL 8.9).
    public func isValid(at time: Instant) -> Bool {
        notBefore <= time && !hasEnded(at: time)
    }

    /// Whether the end has passed, so that the key never becomes valid again.
    public func hasEnded(at time: Instant) -> Bool {
        notAfter.map { time >= $0 } ?? false
    }

    /// Whether a weekly rule matches, or there is none.
    ///
    /// - Parameters:
    ///   - weekday: of the car's local time, 0 for Monday ... 6 for Sunday.
    ///   - minute: since local midnight of the car, 0...1439.
    public func allows(weekday: Int, minute: Int) -> Bool {
        weekly.isEmpty || weekly.contains { $0.contains(weekday: weekday, minute: minute) }
    }

    /// Whether judging this key needs a trusted clock (PROTOCOL 8.9).
    public var needsTrustedTime: Bool { notAfter != nil || !weekly.isEmpty }
}
