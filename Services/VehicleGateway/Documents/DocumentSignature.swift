// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import KeyCrypto
import PKI

/// Checks that a document was signed by the automaker: JWS ES256 by a key of [Q], whose certificate
/// in `x5c` leads to the root the factory put into the car (PROTOCOL 11.5).
///
/// The certificate comes with the document, so that [Q] can be replaced while cars are away.
enum DocumentSignature {
    /// Bytes of the largest document.
    static let limit = 512 * 1024

    static func verified(
        _ signed: SignedVehicleDocument, by provisioning: CarAPI.Provisioning, at now: Instant
    ) throws -> VehicleDocument {
        guard signed.jws.utf8.count <= limit else { throw GatewayError.document("too large") }
        let key = try signer(of: signed.jws, root: provisioning.root, at: now)
        // What JSON says of its mistakes may quote the document.
        guard let content = try? AutomakerJWS.content(of: signed.jws, signedBy: key),
            let document = try? JSONDecoder().decode(VehicleDocument.self, from: Data(content))
        else {
            throw GatewayError.document(
                "the signature is not valid, or what it signs is no document")
        }
        return document
    }

    /// The key of the first certificate of `x5c`, which must be a [Q] under `root`.
    private static func signer(
        of jws: String, root: String, at now: Instant
    ) throws -> PublicKey {
        do {
            return try AutomakerJWS.signer(
                of: jws, type: VehicleDocument.signedType, under: KeyCertificate(pem: root),
                at: now
            ).publicKey
        } catch let error as PKIError {
            throw GatewayError.document("\(error)")
        }
    }
}
