// SPDX-License-Identifier: Apache-2.0

/// An access level as the automaker defines it and owners choose it (F35).
public struct AccessLevel: Codable, Equatable, Sendable {
    /// What owners read.
    public let name: String
    /// PROTOCOL 12.2: full 1, accessOnly 2, trunk 3, limited 4, valet 5, service 6.
    public let profile: Int
    /// The limit the car keeps, km/h; none without one.
    public let maxSpeedKmh: Int?

    /// The levels of the development automaker; 65 mph is 105 km/h.
    public static let offered = [
        AccessLevel(name: "Unlock and Drive", profile: 1, maxSpeedKmh: nil),
        AccessLevel(name: "Access Only", profile: 2, maxSpeedKmh: nil),
        AccessLevel(name: "Trunk Only", profile: 3, maxSpeedKmh: nil),
        AccessLevel(name: "Access and Drive Restricted", profile: 4, maxSpeedKmh: 105),
        AccessLevel(name: "Valet", profile: 5, maxSpeedKmh: 40),
        AccessLevel(name: "Service", profile: 6, maxSpeedKmh: nil),
    ]
}
