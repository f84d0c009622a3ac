// SPDX-License-Identifier: Apache-2.0

public import Identifiers

/// The data of AUTH0 (PROTOCOL 8.2).
///
/// ```text
/// 80 80 P1 P2   5C 02 version   87 41 vehicle_ePK   4C 10 transaction id   4D 08 vehicle id
///       P1 00 standard, 01 fast wanted; P2 transaction code
/// ```
public struct Auth0Command: Hashable, Sendable {
    public var version: ProtocolVersion
    /// 65 bytes.
    public var vehicleEphemeral: [UInt8]
    /// 16 bytes.
    public var transactionId: [UInt8]
    public var vehicleId: VehicleID

    /// The data of one transaction.
    public init(
        version: ProtocolVersion, vehicleEphemeral: [UInt8], transactionId: [UInt8],
        vehicleId: VehicleID
    ) {
        self.version = version
        self.vehicleEphemeral = vehicleEphemeral
        self.transactionId = transactionId
        self.vehicleId = vehicleId
    }

    /// Reads the data field; the point is checked for length only.
    public init(parsing bytes: [UInt8]) throws(ProtocolError) {
        let map = try TLVMap(bytes)
        version = try ProtocolVersion(parsing: map.value(0x5C))
        vehicleEphemeral = try map.value(0x87, count: 65)
        transactionId = try map.value(0x4C, count: 16)
        do { vehicleId = try VehicleID(map.value(0x4D, count: 8)) } catch { throw .length }
    }

    /// The command; `fast` sets P1 = 01.
    public func command(fast: Bool, _ code: TransactionCode) -> CommandAPDU {
        CommandAPDU(
            cla: 0x80, ins: Instruction.auth0, p1: fast ? 0x01 : 0x00, p2: code.rawValue,
            data: [
                TLV(0x5C, version.bytes), TLV(0x87, vehicleEphemeral),
                TLV(0x4C, transactionId), TLV(0x4D, vehicleId.bytes),
            ].encoded)
    }
}

/// The answer to AUTH0 (PROTOCOL 8.2).
///
/// ```text
/// 86 41 endpoint_ePK   [9D 10 cryptogram]         9D exactly when fast was wanted
/// ```
public struct Auth0Response: Hashable, Sendable {
    /// 65 bytes.
    public var endpointEphemeral: [UInt8]
    /// 16 bytes.
    public var cryptogram: [UInt8]?

    /// An answer.
    public init(endpointEphemeral: [UInt8], cryptogram: [UInt8]?) {
        self.endpointEphemeral = endpointEphemeral
        self.cryptogram = cryptogram
    }

    /// Reads the body of the response; the point is checked for length only.
    public init(parsing bytes: [UInt8]) throws(ProtocolError) {
        let map = try TLVMap(bytes)
        endpointEphemeral = try map.value(0x86, count: 65)
        cryptogram = map[0x9D] == nil ? nil : try map.value(0x9D, count: 16)
    }

    /// The body of the response.
    public var encoded: [UInt8] {
        var objects = [TLV(0x86, endpointEphemeral)]
        if let cryptogram { objects.append(TLV(0x9D, cryptogram)) }
        return objects.encoded
    }
}
