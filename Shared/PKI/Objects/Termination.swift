// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto
internal import SwiftASN1

/// Proof of a secure element that a key is gone, signed by that key's endpoint.
public typealias Termination = Signed<TerminationBody>

/// The signed part of a Termination (PROTOCOL 12.2).
///
/// ```
/// SEQUENCE { version INTEGER(1), vehicleId OCTET(8), keyId OCTET(20), slotId OCTET(2),
///            time GeneralizedTime, reason ENUMERATED, oemData OCTET(0..46) }
/// ```
public struct TerminationBody: SignedBody {
    /// Constant 5A110002.
    public static let usage = SignatureUsage.termination
    /// Far above what its fields can need.
    public static let sizeLimit = Limits.attestation

    public var vehicleId: VehicleID
    public var keyId: KeyID
    public var slotId: SlotID
    public var time: Instant
    public var reason: TerminationReason
    /// The OEM proprietary area of the private mailbox, 0...46 bytes (PROTOCOL 10.2).
    public var oemData: [UInt8]

    /// The words of a secure element.
    public init(
        vehicleId: VehicleID, keyId: KeyID, slotId: SlotID, time: Instant,
        reason: TerminationReason, oemData: [UInt8] = []
    ) {
        self.vehicleId = vehicleId
        self.keyId = keyId
        self.slotId = slotId
        self.time = time
        self.reason = reason
        self.oemData = oemData
    }

    /// Reads strict DER.
    public init(parsing bytes: [UInt8]) throws(PKIError) {
        var fields = try DERReader(parsing: bytes, limit: Self.sizeLimit)
        try fields.version()
        vehicleId = try fields.identifier("vehicleId")
        keyId = try fields.identifier("keyId")
        slotId = try fields.identifier("slotId")
        time = try fields.time("time")
        reason = try fields.enumerated("reason")
        oemData = try fields.octets("oemData", 0...46)
        try fields.end()
    }

    /// The DER of this value.
    public var encoded: [UInt8] {
        DER.Serializer.sequence { fields in
            fields.version()
            fields.identifier(vehicleId)
            fields.identifier(keyId)
            fields.identifier(slotId)
            fields.time(time)
            fields.enumerated(reason.rawValue)
            fields.octets(oemData)
        }
    }
}
