// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import Messaging
import Postgres

/// What the registry said about device OEMs and keys.
struct DirectoryStore {
    let transaction: Transaction

    init(_ transaction: Transaction) { self.transaction = transaction }

    func save(_ partner: PartnerRegistered) async throws {
        try await transaction.execute(
            """
            INSERT INTO partners VALUES (\(partner.deviceOemId), \(partner.server),
                \(partner.tlsRoot))
            ON CONFLICT (device_oem_id) DO UPDATE
                SET server = excluded.server, tls_root = excluded.tls_root
            """)
    }

    func partner(_ id: String) async throws -> PartnerRegistered? {
        try await transaction.query(
            "SELECT server, tls_root FROM partners WHERE device_oem_id = \(id)"
        ).first.map {
            PartnerRegistered(
                deviceOemId: id, server: try $0.value("server"),
                tlsRoot: try $0.value("tls_root"))
        }
    }

    func save(_ key: TrackedKeyState) async throws {
        try await transaction.execute(
            """
            INSERT INTO keys VALUES (\(key.keyId), \(try PostgresValue.json(encoding: key)))
            ON CONFLICT (key_id) DO UPDATE SET body = excluded.body
            """)
    }

    func key(_ id: KeyID) async throws -> TrackedKeyState? {
        try await transaction.query("SELECT body FROM keys WHERE key_id = \(id)").first?
            .decoded("body")
    }
}
