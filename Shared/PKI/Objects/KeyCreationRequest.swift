// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto
internal import SwiftASN1

/// What an owner's phone asks a friend's phone to create (PROTOCOL 12.2, step 2 of 12.3).
///
/// ```
/// SEQUENCE { version INTEGER(1), vehicleId OCTET(8), vehicleCert Certificate,
///            appletVersions OCTET(2m), slotId OCTET(2), endpointOptions OCTET(2),
///            confidentialSize INTEGER, privateSize INTEGER, mailboxMap OCTET, deviceConfig OCTET,
///            da INTEGER, keyConfig KeyConfig, authorizedPKs SEQUENCE OF OCTET(65),
///            activation [0] INTEGER(1) OPTIONAL, intermediate [1] OCTET OPTIONAL }
/// ```
public struct KeyCreationRequest: DERObject {
    public var vehicleId: VehicleID
    /// DER of [K]; `ChainVerifier.vehicle` says whether to believe it.
    public var vehicleCertificate: [UInt8]
    /// The vehicle's list of PROTOCOL 5.3, two bytes each.
    public var appletVersions: [UInt8]
    public var slotId: SlotID
    /// option_group_1 ‖ option_group_2 (PROTOCOL 7.6).
    public var endpointOptions: [UInt8]
    /// Bytes of the confidential mailbox, at most 2048.
    public var confidentialSize: Int
    /// Bytes of the private mailbox, at most 2048.
    public var privateSize: Int
    /// Value of 7F4D.
    public var mailboxMap: [UInt8]
    /// Value of 7F4E.
    public var deviceConfig: [UInt8]
    /// `DA` mode of PROTOCOL 7.7: 0, 1 or 3.
    public var da: Int
    public var keyConfig: KeyConfig
    /// J's key first, 1...5.
    public var authorizedPKs: [PublicKey]
    /// Whether an activation code will be asked for in the car.
    public var needsActivation: Bool
    /// DER of the certificate between the root and [K].
    public var intermediate: [UInt8]?

    /// What a friend's phone needs to know of the car and of the key.
    public init(
        vehicleId: VehicleID, vehicleCertificate: [UInt8], appletVersions: [UInt8],
        slotId: SlotID, endpointOptions: [UInt8], confidentialSize: Int, privateSize: Int,
        mailboxMap: [UInt8], deviceConfig: [UInt8], da: Int, keyConfig: KeyConfig,
        authorizedPKs: [PublicKey], needsActivation: Bool = false, intermediate: [UInt8]? = nil
    ) {
        self.vehicleId = vehicleId
        self.vehicleCertificate = vehicleCertificate
        self.appletVersions = appletVersions
        self.slotId = slotId
        self.endpointOptions = endpointOptions
        self.confidentialSize = confidentialSize
        self.privateSize = privateSize
        self.mailboxMap = mailboxMap
        self.deviceConfig = deviceConfig
        self.da = da
        self.keyConfig = keyConfig
        self.authorizedPKs = authorizedPKs
        self.needsActivation = needsActivation
        self.intermediate = intermediate
    }

    /// Reads strict DER.
    public init(parsing bytes: [UInt8]) throws(PKIError) {
        var fields = try DERReader(parsing: bytes)
        try fields.version()
        vehicleId = try fields.identifier("vehicleId")
        vehicleCertificate = try fields.encodedSequence("vehicleCert")
        appletVersions = try fields.octets("appletVersions", 2...254)
        guard appletVersions.count.isMultiple(of: 2) else { throw .der("appletVersions") }
        slotId = try fields.identifier("slotId")
        endpointOptions = try fields.octets("endpointOptions", 2)
        confidentialSize = try fields.integer("confidentialSize", in: 0...Limits.mailbox)
        privateSize = try fields.integer("privateSize", in: 0...Limits.mailbox)
        mailboxMap = try fields.octets("mailboxMap", 0...Limits.certificate)
        deviceConfig = try fields.octets("deviceConfig", 0...Limits.certificate)
        da = try fields.integer("da", in: 0...3)
        guard da != 2 else { throw .der("da 2") }
        keyConfig = try KeyConfig(parsing: fields.encodedSequence("keyConfig"))
        authorizedPKs = try Self.keys(fields.sequence("authorizedPKs"))
        needsActivation = fields.isNext(.context(0))
        if needsActivation { _ = try fields.integer("activation", in: 1...1, tag: .context(0)) }
        intermediate =
            fields.isNext(.context(1))
            ? try fields.octets("intermediate", 1...Limits.certificate, tag: .context(1)) : nil
        try fields.end()
    }

    private static func keys(_ reader: DERReader) throws(PKIError) -> [PublicKey] {
        var entries = reader
        var keys: [PublicKey] = []
        while !entries.isAtEnd, keys.count < Limits.authorizedKeys.upperBound {
            keys.append(try entries.publicKey("authorizedPK"))
        }
        try entries.end()
        guard Limits.authorizedKeys.contains(keys.count) else { throw .der("no authorizedPKs") }
        return keys
    }

    /// The DER of this value.
    public var encoded: [UInt8] {
        DER.Serializer.sequence { fields in
            fields.version()
            fields.identifier(vehicleId)
            fields.serializeRawBytes(vehicleCertificate)
            fields.octets(appletVersions)
            fields.identifier(slotId)
            fields.octets(endpointOptions)
            fields.integer(confidentialSize)
            fields.integer(privateSize)
            fields.octets(mailboxMap)
            fields.octets(deviceConfig)
            fields.integer(da)
            fields.serializeRawBytes(keyConfig.encoded)
            fields.sequence { keys in
                for key in authorizedPKs { keys.octets(key.bytes) }
            }
            if needsActivation { fields.integer(1, tag: .context(0)) }
            if let intermediate { fields.octets(intermediate, tag: .context(1)) }
        }
    }
}
