// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto
internal import SwiftASN1

/// A key holder's request to end, suspend or resume a key, signed by the requester's endpoint.
public typealias ServerRequest = Signed<ServerRequestBody>

/// The signed part of a ServerRequest (PROTOCOL 12.2).
///
/// ```
/// SEQUENCE { version INTEGER(1), action ENUMERATED, vehicleId OCTET(8), targetKeyId OCTET(20),
///            requesterKeyId OCTET(20), time GeneralizedTime, requestId OCTET(16) }
/// ```
public struct ServerRequestBody: SignedBody {
    /// Constant 5A110004.
    public static let usage = SignatureUsage.serverRequest
    /// Far above what its fields can need.
    public static let sizeLimit = Limits.attestation

    public var action: ServerAction
    public var vehicleId: VehicleID
    public var targetKeyId: KeyID
    public var requesterKeyId: KeyID
    public var time: Instant
    /// 16 random bytes that make a repetition recognisable.
    public var requestId: [UInt8]

    /// The words of a key holder.
    public init(
        action: ServerAction, vehicleId: VehicleID, targetKeyId: KeyID, requesterKeyId: KeyID,
        time: Instant, requestId: [UInt8]
    ) {
        self.action = action
        self.vehicleId = vehicleId
        self.targetKeyId = targetKeyId
        self.requesterKeyId = requesterKeyId
        self.time = time
        self.requestId = requestId
    }

    /// Reads strict DER.
    public init(parsing bytes: [UInt8]) throws(PKIError) {
        var fields = try DERReader(parsing: bytes, limit: Self.sizeLimit)
        try fields.version()
        action = try fields.enumerated("action")
        vehicleId = try fields.identifier("vehicleId")
        targetKeyId = try fields.identifier("targetKeyId")
        requesterKeyId = try fields.identifier("requesterKeyId")
        time = try fields.time("time")
        requestId = try fields.octets("requestId", 16)
        try fields.end()
    }

    /// The DER of this value.
    public var encoded: [UInt8] {
        DER.Serializer.sequence { fields in
            fields.version()
            fields.enumerated(action.rawValue)
            fields.identifier(vehicleId)
            fields.identifier(targetKeyId)
            fields.identifier(requesterKeyId)
            fields.time(time)
            fields.octets(requestId)
        }
    }
}
