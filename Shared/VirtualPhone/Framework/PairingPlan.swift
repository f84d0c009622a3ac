// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyCrypto
internal import KeyProtocol
internal import PKI

/// The first WRITE DATA batch, checked: what the new owner key shall be (PROTOCOL 7.3).
///
/// ```
/// 7F4A creation data | 7F4B [K] | [7F4C intermediate] | 7F4D mapping | 7F4E configuration | 5F5F 00
/// ```
struct PairingPlan: Sendable {
    let description: EndpointDescription
    let mapping: MailboxMapping
    let configuration: DeviceConfiguration
    let automaker: Automaker
    let vehicleCertificate: [UInt8]
    let intermediate: [UInt8]?
    /// The values of 7F4D and 7F4E as they came, for the requests of 12.2.
    let mappingValue: [UInt8]
    let configurationValue: [UInt8]

    /// Refuses with 6A80 whatever is missing, misplaced, malformed or not the vehicle's own.
    init(
        parsing batch: [UInt8], keyVersion: ProtocolVersion?, automakers: [Automaker],
        at now: Instant
    ) throws(Refusal) {
        do {
            var objects = try TLV.list(batch)[...]
            func take(_ tag: Tag) throws(ProtocolError) -> [UInt8] {
                guard let object = objects.popFirst(), object.tag == tag else { throw .order }
                return object.value
            }
            let creation = try EndpointCreationData(parsing: take(0x7F4A))
            vehicleCertificate = try take(0x7F4B)
            intermediate = objects.first?.tag == 0x7F4C ? try take(0x7F4C) : nil
            mappingValue = try take(0x7F4D)
            configurationValue = try take(0x7F4E)
            guard try take(0x5F5F).isEmpty, objects.isEmpty else { throw ProtocolError.order }
            mapping = try MailboxMapping(parsing: mappingValue)
            configuration = try DeviceConfiguration(parsing: configurationValue)
            description = try EndpointDescription(creation)
            guard creation.version == keyVersion,
                Int(mapping.contentEnd) <= description.privateSize
            else { throw ProtocolError.range }
            automaker = try automakers.trusted(by: description.authorizedKeys)
            _ = try automaker.verify(
                vehicle: description.vehicleId, key: description.vehicleKey,
                certificate: vehicleCertificate, intermediate: intermediate, at: now)
        } catch { throw Refusal(.wrongData, because: Self.sentence(error)) }
    }

    private static func sentence(_ error: any Error) -> String {
        switch error {
        case PhoneError.automakerUnknown: "The phone does not know the automaker of this car."
        case let error as PKIError:
            "The phone does not trust the certificate of this car (\(error))."
        default: "The car sent something that the phone cannot use."
        }
    }
}

extension EndpointDescription {
    init(_ creation: EndpointCreationData) throws(CryptoError) {
        var keys: [PublicKey] = []
        for bytes in creation.authorizedKeys { keys.append(try PublicKey(bytes)) }
        self.init(
            vehicleId: creation.vehicleId, vehicleKey: try PublicKey(creation.vehicleKey),
            version: creation.version, options: creation.options, slotId: creation.slotId,
            notBefore: creation.notBefore, notAfter: creation.notAfter,
            confidentialSize: Int(creation.confidentialSize),
            privateSize: Int(creation.privateSize), authorizedKeys: keys,
            accountInfoHash: creation.accountInfoHash)
    }
}

/// The second batch: `[5F5A statement] 5F5F 00`; the statement is opaque to the phone.
struct PairingStatement: Sendable {
    let value: [UInt8]?

    init(parsing batch: [UInt8]) throws(Refusal) {
        guard let objects = try? TLV.list(batch), let last = objects.last,
            last.tag == 0x5F5F, last.value.isEmpty, objects.count <= 2,
            objects.dropLast().allSatisfy({ $0.tag == 0x5F5A })
        else { throw Refusal(.wrongData) }
        value = objects.dropLast().first?.value
    }
}
