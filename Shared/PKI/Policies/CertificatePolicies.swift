// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyCrypto

/// The private extension of the role, critical and readable, and no other critical extension.
enum RolePolicy: CertificatePolicy {
    static func check(_ link: ChainLink) throws(PKIError) {
        var expected = [CertificateExtension.keyUsage, CertificateExtension.basicConstraints]
        if let n = link.role.n { expected.append(CertificateExtension.privateArc + [n]) }
        let critical = link.certificate.extensions.filter(\.isCritical).map(\.oid)
        guard Set(critical) == Set(expected) else {
            throw link.fault("critical extensions are not those of its role")
        }
        guard let n = link.role.n else { return }
        guard let value = link.certificate.value(ofPrivateExtension: n) else {
            throw link.fault("extension .\(n) missing")
        }
        do {
            switch link.role {
            case .endpoint: _ = try EndpointExtension(parsing: value)
            case .instanceCA: _ = try InstanceCAExtension(parsing: value)
            default:
                guard value == CertificateExtension.simpleValue else {
                    throw PKIError.der("value")
                }
            }
        } catch {
            throw link.fault("extension .\(n): \(error)")
        }
    }
}

/// keyUsage and basicConstraints (CA flag and pathLen) exactly as the role has them.
enum UsagePolicy: CertificatePolicy {
    static func check(_ link: ChainLink) throws(PKIError) {
        guard link.certificate.value(of: CertificateExtension.keyUsage) == link.role.keyUsage else {
            throw link.fault("keyUsage")
        }
        let constraints = link.certificate.value(of: CertificateExtension.basicConstraints)
        guard constraints == link.role.basicConstraints else {
            throw link.fault("basicConstraints")
        }
    }
}

/// The issuer's name is the subject of the issuer; [K] and [H] are named after what they certify.
enum NamePolicy: CertificatePolicy {
    static func check(_ link: ChainLink) throws(PKIError) {
        if let name = link.issuer.name {
            guard link.certificate.issuerName.utf8.elementsEqual(name.utf8) else {
                throw link.fault("issued by another name")
            }
        }
        let subject = link.certificate.subjectName
        switch link.role {
        case .endpoint where subject != link.certificate.keyId.description.uppercased():
            throw link.fault("not named after its key")
        case .vehicle where VehicleCertificate.vehicleId(named: subject) == nil:
            throw link.fault("not named after a vehicle identifier")
        default: break
        }
    }
}

/// Subject and authority key identifiers are SHA-1 of the 65-byte keys; keyid only.
enum KeyIdentifierPolicy: CertificatePolicy {
    static func check(_ link: ChainLink) throws(PKIError) {
        let own = link.certificate.value(of: CertificateExtension.subjectKeyIdentifier)
        guard own == [0x04, 0x14] + link.certificate.keyId.bytes else {
            throw link.fault("subjectKeyIdentifier")
        }
        let authority = link.certificate.value(of: CertificateExtension.authorityKeyIdentifier)
        if authority == nil && link.role.isSelfSigned { return }
        guard authority == [0x30, 0x16, 0x80, 0x14] + link.issuer.publicKey.keyId.bytes else {
            throw link.fault("authorityKeyIdentifier")
        }
    }
}

/// notBefore ≤ now ≤ notAfter (RFC 5280, 4.1.2.5), when there is a now.
enum ValidityPolicy: CertificatePolicy {
    static func check(_ link: ChainLink) throws(PKIError) {
        guard let time = link.time else { return }
        guard link.certificate.notBefore <= time || link.mayStartLater else {
            throw link.fault("not yet valid")
        }
        guard time <= link.certificate.notAfter else { throw link.fault("expired") }
    }
}

/// Signed by the issuer's key.
enum SignaturePolicy: CertificatePolicy {
    static func check(_ link: ChainLink) throws(PKIError) {
        guard link.certificate.isSigned(by: link.issuer.publicKey) else {
            throw link.fault("signature")
        }
    }
}
