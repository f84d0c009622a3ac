// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto
internal import SwiftASN1

/// The car's word that it holds a key, signed by vehicle.SK; travels in 5F5A (PROTOCOL 7.3).
public typealias VehicleStatement = Signed<VehicleStatementBody>

/// The signed part of a VehicleStatement (PROTOCOL 12.2).
///
/// ```
/// SEQUENCE { version INTEGER(1), vehicleId OCTET(8), keyId OCTET(20), slotId OCTET(2),
///            time GeneralizedTime }
/// ```
public struct VehicleStatementBody: SignedBody {
    /// Constant 5A110007.
    public static let usage = SignatureUsage.vehicleStatement
    /// Far above what its fields can need.
    public static let sizeLimit = Limits.attestation

    public var vehicleId: VehicleID
    public var keyId: KeyID
    public var slotId: SlotID
    public var time: Instant

    /// The words of a car.
    public init(vehicleId: VehicleID, keyId: KeyID, slotId: SlotID, time: Instant) {
        self.vehicleId = vehicleId
        self.keyId = keyId
        self.slotId = slotId
        self.time = time
    }

    /// Reads strict DER.
    public init(parsing bytes: [UInt8]) throws(PKIError) {
        var fields = try DERReader(parsing: bytes, limit: Self.sizeLimit)
        try fields.version()
        vehicleId = try fields.identifier("vehicleId")
        keyId = try fields.identifier("keyId")
        slotId = try fields.identifier("slotId")
        time = try fields.time("time")
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
        }
    }
}
