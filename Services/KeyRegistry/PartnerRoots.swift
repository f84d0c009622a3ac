// SPDX-License-Identifier: Apache-2.0

import ServiceKit

/// Keeps the TLS roots of the partner API in step with the partners in the database.
struct PartnerRoots: Sendable {
    let registrar: Registrar
    let roots: ClientRoots

    /// Trusts the roots of all partners, and nobody else.
    func reload() async throws {
        roots.replace(
            with: try await registrar.partners().map {
                try ClientRoot(name: $0.deviceOemId, der: $0.root)
            })
    }
}
