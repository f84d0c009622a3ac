// SPDX-License-Identifier: Apache-2.0

public import ServiceKit

/// What the relay is told at its start.
public struct RelaySettings: ServiceSettings {
    let listenAddress: ListenAddress
    let publicURL: String
    let certificate: SettingFile
    let key: SettingFile
    let creationsPerHour: Int

    public init(reading reader: inout SettingsReader) {
        listenAddress = reader.address(
            "LISTEN_ADDRESS", default: "127.0.0.1:8443", help: "HTTPS for phones, host:port.")
        publicURL = reader.url(
            "PUBLIC_URL", help: "How phones reach the relay; share links begin with it.")
        certificate = reader.file(
            "TLS_CERTIFICATE", help: "PEM certificate chain of the HTTPS listener.")
        key = reader.secretFile("TLS_KEY", help: "PEM private key of the HTTPS listener.")
        creationsPerHour = reader.integer(
            "CREATIONS_PER_HOUR", default: 60, in: 1...1_000_000,
            help: "Mailboxes one client address may make in an hour.")
    }
}
