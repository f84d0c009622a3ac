// SPDX-License-Identifier: Apache-2.0

/// What a key is for; PROTOCOL 8.9 says which actions each may ask of the car.
public enum Profile: UInt8, CaseIterable, Hashable, Sendable, Codable {
    /// The owner's own key; never shared.
    case owner = 0
    /// Everything but sharing.
    case full = 1
    /// Unlock and lock, no drive.
    case accessOnly = 2
    /// The trunk only.
    case trunk = 3
    /// Everything within limits.
    case limited = 4
    /// Drive within limits, not the trunk.
    case valet = 5
    /// A workshop.
    case service = 6
}

/// Why a key was terminated (PROTOCOL 12.2).
public enum TerminationReason: UInt8, CaseIterable, Hashable, Sendable, Codable {
    case user = 0
    case owner = 1
    case server = 2
    case car = 3
    case expiry = 4
    case deviceWiped = 5
}

/// What a ServerRequest or a ServerCommand asks for (PROTOCOL 12.2).
public enum ServerAction: UInt8, CaseIterable, Hashable, Sendable, Codable {
    case terminate = 0
    case suspend = 1
    case resume = 2
}
