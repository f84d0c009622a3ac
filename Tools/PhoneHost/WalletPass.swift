// SPDX-License-Identifier: Apache-2.0

public import Contracts
internal import Foundation
public import Identifiers
public import KeyCrypto
public import PKI
internal import VirtualPhone

/// A pass of this phone: what the automaker signed, checked.
public struct WalletPass: Sendable {
    /// What it says.
    public let content: KeyPass
    /// The picture.
    public let artwork: [UInt8]
    /// CommonName of the [Q] that signed it.
    public let signer: String

    /// Takes a pass of `key` that one of `signatureKeys` signed, by a [Q] under `root`.
    ///
    /// - Parameter now: when [Q] must be valid; none for a pass that was checked when it came.
    public init(
        checking jws: String, of key: KeyID, root: KeyCertificate, signatureKeys: [PublicKey],
        at now: Instant?
    ) throws(PhoneHostError) {
        guard jws.utf8.count <= KeyPass.signedLimit else { throw .pass("it is too large") }
        let bytes: [UInt8]
        do throws(PKIError) {
            let signer = try AutomakerJWS.signer(
                of: jws, type: KeyPass.signedType, under: root, at: now)
            guard signatureKeys.contains(signer.publicKey) else {
                throw .chain("Q is not that of the automaker's bundle")
            }
            bytes = try AutomakerJWS.content(of: jws, signedBy: signer.publicKey)
            self.signer = signer.subjectName
        } catch { throw .pass("\(error)") }
        guard let content = try? JSONDecoder().decode(KeyPass.self, from: Data(bytes)) else {
            throw .pass("what is signed is no pass")
        }
        guard content.keyId == key else { throw .pass("it is of another key") }
        guard content.isLegible, let artwork = content.artwork.bytes else {
            throw .pass("a text or its picture is too large, or not what it says it is")
        }
        self.content = content
        self.artwork = artwork
    }

    /// What the wallet shows: the stricter of what the phone knows of the key and what the
    /// automaker said last, so that an end or a suspension is seen at once, also offline.
    public func state(beside key: KeyEntry, at now: Instant) -> String {
        let own = key.state(at: now)
        guard key.phase == .active else { return own }
        return switch content.state {
        case .active: own
        case .pending: "pending"
        case .suspended: KeyPhase.suspended.rawValue
        case .ended: "ended"
        }
    }
}
