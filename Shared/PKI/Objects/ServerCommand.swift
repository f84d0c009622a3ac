// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto
internal import SwiftASN1

/// The key tracking server's order about a key, signed by [Q].
public typealias ServerCommand = Signed<ServerCommandBody>

/// The signed part of a ServerCommand (PROTOCOL 12.2).
///
/// ```
/// SEQUENCE { version INTEGER(1), action ENUMERATED, vehicleId OCTET(8), keyId OCTET(20),
///            time GeneralizedTime, serverKeyId OCTET(20), requestId OCTET(16) }
/// ```
public struct ServerCommandBody: SignedBody {
    /// Constant 5A110005.
    public static let usage = SignatureUsage.serverCommand
    /// Far above what its fields can need.
    public static let sizeLimit = Limits.attestation

    public var action: ServerAction
    public var vehicleId: VehicleID
    public var keyId: KeyID
    public var time: Instant
    /// Key identifier of [Q].
    public var serverKeyId: KeyID
    /// 16 random bytes that make a repetition recognisable.
    public var requestId: [UInt8]

    /// The words of a key tracking server.
    public init(
        action: ServerAction, vehicleId: VehicleID, keyId: KeyID, time: Instant,
        serverKeyId: KeyID, requestId: [UInt8]
    ) {
        self.action = action
        self.vehicleId = vehicleId
        self.keyId = keyId
        self.time = time
        self.serverKeyId = serverKeyId
        self.requestId = requestId
    }

    /// Reads strict DER.
    public init(parsing bytes: [UInt8]) throws(PKIError) {
        var fields = try DERReader(parsing: bytes, limit: Self.sizeLimit)
        try fields.version()
        action = try fields.enumerated("action")
        vehicleId = try fields.identifier("vehicleId")
        keyId = try fields.identifier("keyId")
        time = try fields.time("time")
        serverKeyId = try fields.identifier("serverKeyId")
        requestId = try fields.octets("requestId", 16)
        try fields.end()
    }

    /// The DER of this value.
    public var encoded: [UInt8] {
        DER.Serializer.sequence { fields in
            fields.version()
            fields.enumerated(action.rawValue)
            fields.identifier(vehicleId)
            fields.identifier(keyId)
            fields.time(time)
            fields.identifier(serverKeyId)
            fields.octets(requestId)
        }
    }
}
