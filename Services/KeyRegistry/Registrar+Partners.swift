// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import KeyCrypto
import Messaging
import PKI
import Postgres
import ServiceKit

extension Registrar {
    /// A device OEM may take part from now on; a repeat replaces its particulars.
    func add(_ request: RegistryAPI.AddPartnerRequest) async throws -> Partner {
        let bundle = request.bundle
        guard bundle.environment == identity.environment else {
            throw RegistryError.wrongEnvironment(
                "the bundle is for \(bundle.environment), this is \(identity.environment)")
        }
        let partner = try checked(bundle, externalCA: request.externalCA)
        try await database.transaction { transaction in
            try await PartnerStore(transaction).save(partner)
            try await Outbox(transaction).add(
                PartnerRegistered(
                    deviceOemId: partner.deviceOemId, server: partner.server,
                    tlsRoot: partner.tlsRoot ?? bundle.root))
        }
        return partner
    }

    /// All partners.
    func partners() async throws -> [Partner] {
        try await database.transaction { try await PartnerStore($0).all() }
    }

    /// A base URL that paths can be appended to.
    private static func check(server: String) throws {
        guard server.utf8.count <= 256, server.hasPrefix("https://"), !server.hasSuffix("/"),
            let url = URL(string: server), url.host()?.isEmpty == false, url.query() == nil,
            url.fragment() == nil, url.user() == nil
        else { throw RegistryError.malformed("server takes https://host:port") }
    }

    private func checked(_ bundle: DeviceOEMBundle, externalCA pem: String) throws -> Partner {
        let letters = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._")
        guard (1...64).contains(bundle.deviceOemId.utf8.count),
            bundle.deviceOemId.allSatisfy(letters.contains)
        else { throw RegistryError.malformed("deviceOemId takes 1 to 64 letters, digits, - . _") }
        // Empty means absent, as in the bundles of others.
        let server = bundle.server.flatMap { $0.isEmpty ? nil : $0 }.map {
            $0.hasSuffix("/") ? String($0.dropLast()) : $0
        }
        let tlsRoot = bundle.tlsRoot.flatMap { $0.isEmpty ? nil : $0 }
        if let server { try Self.check(server: server) }
        do {
            // Any certificate a TLS stack takes: this one is outside the profile of our own.
            if let tlsRoot {
                _ = try ClientRoot.all(name: bundle.deviceOemId, pem: Array(tlsRoot.utf8))
            }
            let root = try KeyCertificate(pem: bundle.root)
            let external = try KeyCertificate(pem: pem)
            try ChainVerifier.root(root, as: .deviceRoot, at: clock.now)
            try ChainVerifier.crossCertificate(
                external, as: .externalCA, of: root, by: identity.root, at: clock.now)
            return Partner(
                deviceOemId: bundle.deviceOemId, root: root.der, externalCA: external.der,
                server: server, tlsRoot: tlsRoot)
        } catch {
            throw RegistryError.chainInvalid("the bundle: \(error)")
        }
    }
}
