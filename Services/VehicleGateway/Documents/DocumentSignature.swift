// SPDX-License-Identifier: Apache-2.0

import Contracts
import Crypto
import Foundation
import Identifiers
import JWTKit
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
    ) async throws -> VehicleDocument {
        guard signed.jws.utf8.count <= limit else { throw GatewayError.document("too large") }
        let key = try signer(of: signed.jws, root: provisioning.root, at: now)
        do {
            let keys = JWTKeyCollection()
            await keys.add(
                ecdsa: try ES256PublicKey(
                    backing: P256.Signing.PublicKey(x963Representation: key.bytes)))
            return try await keys.verify(signed.jws, as: DocumentPayload.self).document
        } catch {
            // What jwt-kit says of a signature and of JSON may quote the document.
            throw GatewayError.document(
                "the signature is not valid, or what it signs is no document")
        }
    }

    /// The key of the first certificate of `x5c`, which must be a [Q] under `root`.
    static func signer(
        of jws: String, root: String, at now: Instant
    ) throws -> PublicKey {
        guard let header = jws.split(separator: ".", omittingEmptySubsequences: false).first,
            let fields = try? JSONDecoder().decode(Header.self, from: data(base64URL: header))
        else { throw GatewayError.document("not a compact JWS") }
        guard fields.alg == "ES256" else { throw GatewayError.document("not signed with ES256") }
        guard let chain = fields.x5c, let first = chain.first, chain.count <= 2 else {
            throw GatewayError.document("x5c is not [Q] with or without its root")
        }
        do {
            let anchor = try KeyCertificate(pem: root)
            if let last = chain.dropFirst().first, Data(base64Encoded: last) != Data(anchor.der) {
                throw GatewayError.document("x5c leads to another root")
            }
            let certificate = try KeyCertificate(der: [UInt8](Data(base64Encoded: first) ?? Data()))
            try ChainVerifier.issued(
                certificate, as: .serverSignature, by: TrustAnchor(anchor), at: now)
            return certificate.publicKey
        } catch let error as PKIError {
            throw GatewayError.document("\(error)")
        }
    }

    private static func data(base64URL text: Substring) -> Data {
        var text = text.replacing("-", with: "+").replacing("_", with: "/")
        while text.utf8.count % 4 != 0 { text += "=" }
        return Data(base64Encoded: String(text)) ?? Data()
    }

    private struct Header: Decodable {
        let alg: String
        let x5c: [String]?
    }
}

/// The claims of a document are the document itself.
struct DocumentPayload: JWTPayload {
    let document: VehicleDocument

    init(document: VehicleDocument) { self.document = document }
    init(from decoder: any Decoder) throws { document = try VehicleDocument(from: decoder) }
    func encode(to encoder: any Encoder) throws { try document.encode(to: encoder) }
    func verify(using algorithm: some JWTAlgorithm) async throws {}
}
