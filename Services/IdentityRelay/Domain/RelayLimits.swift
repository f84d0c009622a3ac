// SPDX-License-Identifier: Apache-2.0

/// Every size, count and time of the relay in one place (SERVER 2.6).
enum RelayLimits {
    /// Characters of Base64 in `payload.data`.
    static let payload = 64 << 10
    /// Bytes of each display text.
    static let display = 512
    /// Bytes of `notificationToken.tokenData`; push endpoints are URLs with keys.
    static let token = 2048
    /// Bytes of `notificationToken.type`.
    static let tokenType = 64
    /// Bytes of a whole request body: payload, texts, token and JSON around them.
    static let body = 96 << 10
    /// Life of a mailbox whose creator names no end, in seconds: 48 hours.
    static let defaultLife: Int64 = 48 * 3600
    /// Longest life, in seconds: 7 days.
    static let maximumLife: Int64 = 7 * 86_400
    /// Wrong claims before a mailbox is locked.
    static let wrongClaims = 20
    /// How long it is locked, in seconds: 15 minutes.
    static let lock: Int64 = 15 * 60
    /// Longest `?wait=`, in seconds.
    static let wait = 30
}
