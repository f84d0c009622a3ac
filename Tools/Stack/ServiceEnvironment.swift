// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The settings of each service in the development stack, as environment variables.
struct ServiceEnvironment: Sendable {
    let folder: StateFolder
    let ports: PortPlan
    let environment: String
    let vehicleOemId: String
    /// Bootstrap servers.
    let kafka: String
    /// A connection URL per role.
    let database: @Sendable (_ role: String) -> String
    let readerSocket: String
    /// What its readers can do.
    let readerProfile: String

    func variables(of service: BackEndService) -> [String: String] {
        var settings = [
            "ADMIN_ADDRESS": "127.0.0.1:\(ports.admin(of: service))",
            "ENVIRONMENT": environment,
            "KAFKA": kafka,
            "SHUTDOWN_DELAY": "0s",
        ]
        if let schema = service.schema { settings["DATABASE_URL"] = database(schema) }
        settings.merge(own(service)) { _, own in own }
        var variables = Dictionary(
            uniqueKeysWithValues: settings.map { (service.prefix + $0.key, $0.value) })
        if service == .vehicleGateway { variables["PCSCLITE_CSOCK_NAME"] = readerSocket }
        return variables
    }

    private func own(_ service: BackEndService) -> [String: String] {
        switch service {
        case .identityRelay:
            [
                "LISTEN_ADDRESS": "127.0.0.1:\(ports.relay)",
                "PUBLIC_URL": "https://127.0.0.1:\(ports.relay)",
                "TLS_CERTIFICATE": file("server.pem"), "TLS_KEY": file("server.key"),
            ]
        case .keyRegistry:
            [
                "PARTNER_ADDRESS": "127.0.0.1:\(ports.partnerAPI)",
                "PARTNER_TLS_CERTIFICATE": file("server.pem"),
                "PARTNER_TLS_KEY": file("server.key"),
                "API_ADDRESS": "127.0.0.1:\(ports.registryAPI)",
                "VEHICLE_OEM_ID": vehicleOemId,
                "BRAND": "Latchkey Motors",
                "ROOT_CERTIFICATE": file("root.pem"),
                "INTERMEDIATES": file("intermediates.pem"),
                "ENCRYPTION_KEY": file("encryption.key"),
                "ENCRYPTION_CERTIFICATE": file("encryption.pem"),
                "SIGNING_KEY": file("signature.key"),
                "SIGNING_CERTIFICATE": file("signature.pem"),
                "APP_TOKEN_KEY": file("app-token.pem"),
            ]
        case .sharingOrchestrator: ["API_ADDRESS": "127.0.0.1:\(ports.sharingAPI)"]
        case .revocation: client(ports.revocationAPI)
        case .notification: client(ports.notificationAPI)
        case .vehicleGateway:
            [
                "API_ADDRESS": "127.0.0.1:\(ports.carAPI)",
                "STATE": folder.gatewayDatabase.path,
                "READER_PROFILE": readerProfile,
                "READER_MAKE": DevelopmentAutomaker.readerMake,
                "TRACES": "all",
            ]
        }
    }

    private func client(_ port: Int) -> [String: String] {
        [
            "API_ADDRESS": "127.0.0.1:\(port)", "VEHICLE_OEM_ID": vehicleOemId,
            "CLIENT_CERTIFICATE": file("client.pem"), "CLIENT_KEY": file("client.key"),
        ]
    }

    private func file(_ name: String) -> String { folder.automaker.appending(path: name).path }
}
