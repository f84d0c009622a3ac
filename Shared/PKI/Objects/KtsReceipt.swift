// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto
internal import SwiftASN1

/// The key tracking server's word that a key is known to it, signed by [Q].
public typealias KtsReceipt = Signed<KtsReceiptBody>

/// The signed part of a KtsReceipt (PROTOCOL 12.2).
///
/// ```
/// SEQUENCE { version INTEGER(1), vehicleId OCTET(8), keyId OCTET(20), slotId OCTET(2),
///            time GeneralizedTime, ktsKeyId OCTET(20) }
/// ```
public struct KtsReceiptBody: SignedBody {
    /// Constant 5A110003.
    public static let usage = SignatureUsage.receipt
    /// What the receipt area of a mailbox holds (PROTOCOL 10.2).
    public static let sizeLimit = Limits.receipt

    public var vehicleId: VehicleID
    public var keyId: KeyID
    public var slotId: SlotID
    public var time: Instant
    /// Key identifier of [Q].
    public var ktsKeyId: KeyID

    /// The words of a key tracking server.
    public init(
        vehicleId: VehicleID, keyId: KeyID, slotId: SlotID, time: Instant, ktsKeyId: KeyID
    ) {
        self.vehicleId = vehicleId
        self.keyId = keyId
        self.slotId = slotId
        self.time = time
        self.ktsKeyId = ktsKeyId
    }

    /// Reads strict DER.
    public init(parsing bytes: [UInt8]) throws(PKIError) {
        var fields = try DERReader(parsing: bytes, limit: Self.sizeLimit)
        try fields.version()
        vehicleId = try fields.identifier("vehicleId")
        keyId = try fields.identifier("keyId")
        slotId = try fields.identifier("slotId")
        time = try fields.time("time")
        ktsKeyId = try fields.identifier("ktsKeyId")
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
            fields.identifier(ktsKeyId)
        }
    }
}
