// SPDX-License-Identifier: Apache-2.0

import Postgres

/// Device OEMs that may take part, and the answers their calls got.
struct PartnerStore {
    let transaction: Transaction

    init(_ transaction: Transaction) { self.transaction = transaction }

    func all() async throws -> [Partner] {
        try await transaction.query("SELECT * FROM partners ORDER BY device_oem_id")
            .map(Partner.init(row:))
    }

    func find(_ id: String) async throws -> Partner? {
        try await transaction.query("SELECT * FROM partners WHERE device_oem_id = \(id)")
            .first.map(Partner.init(row:))
    }

    /// Adds a partner or replaces its particulars.
    func save(_ partner: Partner) async throws {
        try await transaction.execute(
            """
            INSERT INTO partners (device_oem_id, root, external_ca, server, tls_root)
            VALUES (\(partner.deviceOemId), \(partner.root), \(partner.externalCA),
                \(partner.server), \(partner.tlsRoot))
            ON CONFLICT (device_oem_id) DO UPDATE SET root = excluded.root,
                external_ca = excluded.external_ca, server = excluded.server,
                tls_root = excluded.tls_root
            """)
    }

    /// The answer a call of this id got within a day, if its body was the same.
    func answer(to requestId: String, of oem: String) async throws -> (
        digest: [UInt8], body: [UInt8]
    )? {
        try await transaction.query(
            """
            SELECT digest, answer FROM requests
            WHERE device_oem_id = \(oem) AND request_id = \(requestId)
                AND answered_at > now() - interval '24 hours'
            """
        ).first.map { (try $0.value("digest"), try $0.value("answer")) }
    }

    /// Keeps an answer for a day; old ones go.
    func keep(_ body: [UInt8], digest: [UInt8], to requestId: String, of oem: String) async throws {
        try await transaction.execute(
            """
            INSERT INTO requests (device_oem_id, request_id, digest, answer)
            VALUES (\(oem), \(requestId), \(digest), \(body))
            ON CONFLICT (device_oem_id, request_id) DO UPDATE
                SET digest = excluded.digest, answer = excluded.answer, answered_at = now()
            """)
        try await transaction.execute(
            "DELETE FROM requests WHERE answered_at < now() - interval '24 hours'")
    }
}

extension Partner {
    fileprivate init(row: Row) throws {
        self.init(
            deviceOemId: try row.value("device_oem_id"), root: try row.value("root"),
            externalCA: try row.value("external_ca"), server: try row.value("server"),
            tlsRoot: try row.value("tls_root"))
    }
}
