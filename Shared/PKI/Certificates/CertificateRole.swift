// SPDX-License-Identifier: Apache-2.0

/// The letters of PROTOCOL 11.1: what a certificate is for.
public enum CertificateRole: Hashable, Sendable, CaseIterable {
    /// [D], device maker root.
    case deviceRoot
    /// [E], instance CA of one phone for one car maker.
    case instanceCA
    /// [F], the device maker's key and name certified by the car maker.
    case externalCA
    /// [H], a digital key.
    case endpoint
    /// [J], car maker root.
    case automakerRoot
    /// [K], a vehicle.
    case vehicle
    /// Between [J] and [K].
    case intermediate
    /// [M], the car maker's key and name certified by the device maker.
    case crossCertificate
    /// [P], recipient of containers at the car maker's server.
    case serverEncryption
    /// [Q], signer of receipts and commands.
    case serverSignature
    /// Recipient of containers at the phone.
    case deviceEncryption

    /// Last number of the private extension 1.3.6.1.4.1.41577.5.n; [D] has none (PROTOCOL 11.3).
    public var n: UInt8? {
        switch self {
        case .deviceRoot: nil
        case .vehicle: 1
        case .externalCA: 2
        case .instanceCA: 3
        case .endpoint: 4
        case .serverEncryption: 5
        case .serverSignature: 6
        case .deviceEncryption: 7
        case .intermediate: 8
        case .automakerRoot: 9
        case .crossCertificate: 10
        }
    }

    /// The letter of PROTOCOL 11.1, for reasons.
    public var letter: String {
        switch self {
        case .deviceRoot: "D"
        case .instanceCA: "E"
        case .externalCA: "F"
        case .endpoint: "H"
        case .automakerRoot: "J"
        case .vehicle: "K"
        case .intermediate: "intermediate"
        case .crossCertificate: "M"
        case .serverEncryption: "P"
        case .serverSignature: "Q"
        case .deviceEncryption: "device encryption"
        }
    }

    /// Value of keyUsage: keyCertSign and cRLSign, keyAgreement, or digitalSignature.
    var keyUsage: [UInt8] {
        if isCA { return [0x03, 0x02, 0x01, 0x06] }
        return isRecipient ? [0x03, 0x02, 0x03, 0x08] : [0x03, 0x02, 0x07, 0x80]
    }

    /// Value of basicConstraints; only [E] has a pathLen, 0.
    var basicConstraints: [UInt8] {
        guard isCA else { return [0x30, 0x00] }
        guard self == .instanceCA else { return [0x30, 0x03, 0x01, 0x01, 0xFF] }
        return [0x30, 0x06, 0x01, 0x01, 0xFF, 0x02, 0x01, 0x00]
    }

    /// Whether certificates of this role are their own issuer's.
    var isSelfSigned: Bool { self == .deviceRoot || self == .automakerRoot }

    private var isRecipient: Bool { self == .serverEncryption || self == .deviceEncryption }

    /// Whether this role issues certificates.
    public var isCA: Bool {
        switch self {
        case .deviceRoot, .instanceCA, .externalCA, .automakerRoot, .intermediate,
            .crossCertificate:
            true
        case .endpoint, .vehicle, .serverEncryption, .serverSignature, .deviceEncryption: false
        }
    }
}
