// SPDX-License-Identifier: Apache-2.0

internal import VirtualPhone

/// How a phone is set, from one tap to the next (F4, F8, F9).
public struct PhoneSettings: Codable, Equatable, Sendable {
    /// Taps need no user.
    public var expressMode = true
    /// The screen is locked: the user has not authenticated.
    public var isLocked = true
    /// The battery is flat: only the secure element runs.
    public var isInPowerReserve = false

    /// A phone as it leaves the shop.
    public init() {}

    /// A sentence for people.
    public var sentence: String {
        "express mode \(expressMode ? "on" : "off"), \(isLocked ? "locked" : "unlocked"), "
            + (isInPowerReserve ? "in power reserve" : "power on")
    }

    /// What holds at one tap, with what the user does just then: who types the password has authenticated.
    func conditions(_ options: TapOptions) -> PhoneConditions {
        PhoneConditions(
            isUnlocked: options.isUnlocked || options.password != nil || !isLocked,
            expressMode: expressMode, frameworkRuns: !(options.powerReserve || isInPowerReserve))
    }
}

extension Phone {
    /// How the phone is set.
    public var settings: PhoneSettings { extras.settings ?? PhoneSettings() }

    /// Refuses what needs the operating system while only the secure element has power (F4).
    func checkPower() throws(PhoneHostError) {
        guard !settings.isInPowerReserve else { throw .inPowerReserve(name) }
    }

    /// Sets the phone until it is set again.
    public func set(_ settings: PhoneSettings) throws {
        extras.settings = settings
        try save()
    }
}
