// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import KeyCrypto
import PKI
import Postgres

extension Registrar {
    /// The pass of a key as it stands now (F11); a key of another device OEM is unknown to
    /// `partner`.
    func pass(of id: KeyID, for partner: Partner) async throws -> KeyPass {
        let found = try await database.transaction { try await KeyStore($0).withModel(id) }
        guard let (key, model) = found, key.state.deviceOemId == partner.deviceOemId else {
            throw RegistryError.keyUnknown
        }
        var pass = try identity.design.pass(for: key, model: model)
        // A new [Q] signs everything anew.
        let content = try Array(ColumnJSON.encode(pass).utf8) + identity.signing.certificate.der
        pass.revision = Array(sha256(content).prefix(16)).hex
        return pass
    }
}
