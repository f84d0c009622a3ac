// SPDX-License-Identifier: Apache-2.0

public import ServiceKit

/// Settings of the revocation service.
public struct RevocationSettings: ServiceSettings {
    let apiAddress: ListenAddress
    let vehicleOemId: String
    let clientCertificate: SettingFile
    let clientKey: SettingFile

    public init(reading reader: inout SettingsReader) {
        apiAddress = reader.address("API_ADDRESS", help: "Orders for operators, host:port.")
        vehicleOemId = reader.text("VEHICLE_OEM_ID", help: "Who calls, as device OEMs know it.")
        clientCertificate = reader.file(
            "CLIENT_CERTIFICATE", help: "PEM chain shown to the servers of device OEMs.")
        clientKey = reader.secretFile("CLIENT_KEY", help: "PEM key of CLIENT_CERTIFICATE.")
    }
}
