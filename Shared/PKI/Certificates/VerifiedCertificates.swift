// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto

/// A key believed without a certificate above it, with its name where that is known.
public struct TrustAnchor: Hashable, Sendable {
    /// The key.
    public let publicKey: PublicKey
    /// CommonName of its certificate; none when only the key is known (authorized_PK).
    public let name: String?

    /// A key known by itself, for instance authorized_PK[0].
    public init(_ publicKey: PublicKey) {
        self.init(publicKey: publicKey, name: nil)
    }

    /// Key and name of a certificate.
    public init(_ certificate: KeyCertificate) {
        self.init(publicKey: certificate.publicKey, name: certificate.subjectName)
    }

    /// A key with the CommonName of its certificate, where that is known.
    public init(publicKey: PublicKey, name: String?) {
        self.publicKey = publicKey
        self.name = name
    }
}

/// An [H] whose chain was verified: a digital key and what it is for.
public struct EndpointCertificate: Hashable, Sendable {
    /// The certificate itself.
    public let certificate: KeyCertificate
    /// Its extension .4.
    public let endpoint: EndpointExtension

    /// device.PK.
    public var publicKey: PublicKey { certificate.publicKey }
    /// SHA-1 of device.PK.
    public var keyId: KeyID { certificate.keyId }
    /// First moment of validity.
    public var notBefore: Instant { certificate.notBefore }
    /// Last moment of validity; `Instant.noEnd` when there is none.
    public var notAfter: Instant { certificate.notAfter }
}

/// A [K] whose chain was verified: a car and its key.
public struct VehicleCertificate: Hashable, Sendable {
    /// The certificate itself.
    public let certificate: KeyCertificate
    /// The 16 digits of its name.
    public let vehicleId: VehicleID

    /// vehicle.PK.
    public var publicKey: PublicKey { certificate.publicKey }

    /// The identifier a [K] is named after: 16 upper-case hexadecimal digits.
    static func vehicleId(named name: String) -> VehicleID? {
        guard let id = try? VehicleID(hex: name), id.description.uppercased() == name else {
            return nil
        }
        return id
    }
}
