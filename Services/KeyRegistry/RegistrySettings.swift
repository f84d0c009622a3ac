// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
public import ServiceKit

/// Settings of the key registry.
public struct RegistrySettings: ServiceSettings {
    let partnerAddress: ListenAddress
    let partnerCertificate: SettingFile
    let partnerKey: SettingFile
    let apiAddress: ListenAddress
    let vehicleOemId: String
    let passDesign: PassDesign
    let root: SettingFile
    let intermediates: SettingFile
    let encryptionKey: SettingFile
    let encryptionCertificate: SettingFile
    let signingKey: SettingFile
    let signingCertificate: SettingFile
    let appTokenKey: SettingFile

    public init(reading reader: inout SettingsReader) {
        partnerAddress = reader.address(
            "PARTNER_ADDRESS", help: "Partner API for device OEMs (mutual TLS), host:port.")
        partnerCertificate = reader.file(
            "PARTNER_TLS_CERTIFICATE", help: "PEM chain of the partner API's server.")
        partnerKey = reader.secretFile(
            "PARTNER_TLS_KEY", help: "PEM key of PARTNER_TLS_CERTIFICATE.")
        apiAddress = reader.address(
            "API_ADDRESS", help: "Operator and app API (private network only), host:port.")
        vehicleOemId = reader.text("VEHICLE_OEM_ID", help: "Who we are to device OEMs.")
        passDesign = PassDesign(reading: &reader)
        root = reader.file("ROOT_CERTIFICATE", help: "PEM of the automaker root [J].")
        intermediates = reader.file(
            "INTERMEDIATES", help: "PEM of the certificates under [J] that issue [K]; may be empty."
        )
        encryptionKey = reader.secretFile(
            "ENCRYPTION_KEY", help: "PEM key of the privacy-encryption certificate [P].")
        encryptionCertificate = reader.file("ENCRYPTION_CERTIFICATE", help: "PEM of [P].")
        signingKey = reader.secretFile(
            "SIGNING_KEY", help: "PEM key of the signature certificate [Q].")
        signingCertificate = reader.file("SIGNING_CERTIFICATE", help: "PEM of [Q].")
        appTokenKey = reader.file(
            "APP_TOKEN_KEY", help: "PEM public key that checks bearer tokens of owner apps.")
    }
}

extension PassDesign {
    fileprivate init(reading reader: inout SettingsReader) {
        let brand = reader.text("BRAND", default: "Latchkey", help: "Brand shown on passes.")
        let colour = CardColour(
            reader.text(
                "BRAND_COLOUR", default: CardColour.standard.hex,
                help: "Colour of drawn passes, #rrggbb."))
        if colour == nil { reader.report("BRAND_COLOUR", "expected #rrggbb") }
        let file = reader.optionalFile(
            "PASS_ARTWORK",
            help: "SVG or PNG on all passes, 256 KiB at most; without it a card is drawn for each.")
        let artwork = file.flatMap { KeyPass.Artwork($0.bytes.exposed) }
        if file != nil && artwork == nil {
            reader.report("PASS_ARTWORK", "expected SVG or PNG of 256 KiB at most")
        }
        self.init(brand: brand, colour: colour ?? .standard, artwork: artwork)
    }
}
