// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyProtocol
internal import PKI

extension WalletKey {
    /// The wallet's side of a key that owner pairing made.
    init(
        id: KeyID, plan: PairingPlan, vehicleVersions: [ProtocolVersion],
        endpointCertificate: [UInt8], vehicleStatement: [UInt8]?
    ) {
        self.init(
            id: id, origin: .pairing, vehicleId: plan.description.vehicleId,
            automaker: plan.automaker.name, mapping: plan.mapping,
            configuration: plan.configuration, vehicleVersions: vehicleVersions,
            vehicleCertificate: plan.vehicleCertificate, intermediate: plan.intermediate,
            endpointCertificate: endpointCertificate, vehicleStatement: vehicleStatement,
            mappingValue: StoredBytes(plan.mappingValue),
            configurationValue: StoredBytes(plan.configurationValue))
    }

    /// The wallet's side of a key that an owner's request made.
    init(
        id: KeyID, request: KeyCreationRequest, automaker: String, mapping: MailboxMapping,
        versions: [ProtocolVersion], endpointCertificate: [UInt8]
    ) throws(PhoneError) {
        guard let configuration = try? DeviceConfiguration(parsing: request.deviceConfig) else {
            throw .badRequest("a device configuration that cannot be read")
        }
        self.init(
            id: id, origin: .sharing, vehicleId: request.vehicleId, automaker: automaker,
            mapping: mapping, configuration: configuration, vehicleVersions: versions,
            vehicleCertificate: request.vehicleCertificate, intermediate: request.intermediate,
            endpointCertificate: endpointCertificate, creationRequest: request.encoded,
            mappingValue: StoredBytes(request.mailboxMap),
            configurationValue: StoredBytes(request.deviceConfig))
    }
}
