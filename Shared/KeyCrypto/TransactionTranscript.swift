// SPDX-License-Identifier: Apache-2.0

public import Identifiers

/// Everything of one transaction that enters its signatures and keys (PROTOCOL 8.3-8.5).
public struct TransactionTranscript: Sendable {
    /// Tag 87 of AUTH0.
    public var vehicleEphemeral: PublicKey
    /// Tag 86 of the AUTH0 response.
    public var endpointEphemeral: PublicKey
    /// Tag 4C of AUTH0, 16 bytes.
    public var transactionId: [UInt8]
    /// `5E` contactless, `C3` wired or BLE.
    public var interface: UInt8
    /// P1 ‖ P2 of AUTH0, 2 bytes.
    public var flag: [UInt8]
    /// The version selected in AUTH0, 2 bytes.
    public var version: [UInt8]
    /// The value of 5C in the applet's SELECT response: n × 2 bytes, up to 255.
    public var phoneVersions: [UInt8]
    /// Tag 4D of AUTH0.
    public var vehicleId: VehicleID

    /// Keeps the values, whose sizes the message parsers have checked.
    public init(
        vehicleEphemeral: PublicKey, endpointEphemeral: PublicKey, transactionId: [UInt8],
        interface: UInt8 = 0x5E, flag: [UInt8], version: [UInt8], phoneVersions: [UInt8],
        vehicleId: VehicleID
    ) {
        self.vehicleEphemeral = vehicleEphemeral
        self.endpointEphemeral = endpointEphemeral
        self.transactionId = transactionId
        self.interface = interface
        self.flag = flag
        self.version = version
        self.phoneVersions = phoneVersions
        self.vehicleId = vehicleId
    }

    /// What car (`vehicle`) and phone (`endpoint`) sign in AUTH1 (PROTOCOL 8.3).
    ///
    /// ```text
    /// 4D 08 vehicle id ‖ 86 20 endpoint_ePK.x ‖ 87 20 vehicle_ePK.x ‖ 4C 10 transaction id ‖ 93 04 usage
    /// ```
    public func signatureInput(usage: SignatureUsage) -> [UInt8] {
        var input: [UInt8] = []
        input.reserveCapacity(102)
        input += [0x4D, 0x08]
        input += vehicleId.bytes
        input += [0x86, 0x20]
        input += endpointEphemeral.x
        input += [0x87, 0x20]
        input += vehicleEphemeral.x
        input += [0x4C, 0x10]
        input += transactionId
        input += usage.tagged
        return input
    }

    /// Keys of a standard transaction from one's own ephemeral key and the peer's (PROTOCOL 8.4);
    /// `ranging` when option_group_2 b3 is set.
    public func standardKeys(
        own: PrivateKey, peer: PublicKey, ranging: Bool
    ) throws(CryptoError) -> StandardKeys {
        let kdh = ExtractedSecret(
            x963KDF(try own.sharedX(with: peer), sharedInfo: transactionId, count: 32))
        let volatile = kdh.expand(info(Label.volatile), count: ranging ? 80 : 48)
        return StandardKeys(
            channel: ChannelKeys(volatile.prefix(48)),
            kpersistent: PersistentSecret(kdh.expand(info(Label.persistent), count: 32)),
            ursk: ranging ? SecretBytes(Array(volatile.suffix(32))) : nil)
    }
}

extension TransactionTranscript {
    /// `5C <len> <phone's version list>`.
    var versionList: [UInt8] {
        [0x5C, UInt8(truncatingIfNeeded: phoneVersions.count)] + phoneVersions
    }

    /// info(label) of PROTOCOL 8.4.
    func info(_ label: [UInt8]) -> [UInt8] {
        var info: [UInt8] = []
        info.reserveCapacity(112)
        info += vehicleEphemeral.x
        info += endpointEphemeral.x
        info += transactionId
        info.append(interface)
        info += flag
        info += label
        info += [0x5C, 0x02]
        info += version
        if version != [0x01, 0x00] { info += versionList }
        return info
    }
}
