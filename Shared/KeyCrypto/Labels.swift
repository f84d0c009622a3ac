// SPDX-License-Identifier: Apache-2.0

/// The ASCII labels of the key schedules, without terminator (PROTOCOL 5.5, 8.4, 8.5, 10.5, 12.3, 18).
enum Label {
    static let confirmationKeys = Array("ConfirmationKeys".utf8)
    static let systemKeys = Array("SystemKeys".utf8)
    static let volatile = Array("Volatile".utf8)
    static let persistent = Array("Persistent".utf8)
    static let volatileFast = Array("VolatileFast".utf8)
    static let ranging = Array("Ranging".utf8)
    static let export = Array("Export".utf8)
    static let immobilizerToken = Array("immo-token".utf8)
    static let activation = Array("activation".utf8)
}

/// What scripted random sources call the values drawn here, as the traces of PROTOCOL 21 do.
enum Draw {
    static let proverScalar = "x"
    static let verifierScalar = "y"
    static let exportKey = "export.eSK"
    static let eciesKey = "ecies.eSK"
    static let relayIV = "relay iv"
}
