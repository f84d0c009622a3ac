// SPDX-License-Identifier: Apache-2.0

/// Why an object or a certificate was refused.
public enum PKIError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Not strict DER, or not the shape, version or range of PROTOCOL 12.2.
    case der(String)
    /// A signature that is malformed or not by the key it should be by.
    case signature
    /// A key identifier that does not fit its key.
    case keyId
    /// A certificate outside the profile of PROTOCOL 11, or a path that does not lead to its anchor.
    case chain(String)
    /// 65 bytes that are not a point of the curve.
    case point
    /// More bytes than the object may have.
    case length
    /// A value that cannot be put into an object.
    case range(String)
    /// An honest object, but of another vehicle, slot or version than expected (PROTOCOL 10.6).
    case mismatch(String)
    /// Text that is not the PEM expected.
    case pem(String)
    /// Text that is not the JWS expected (RFC 7515).
    case jws(String)
    /// A private key that is not that of its certificate, or material of another environment.
    case material(String)

    /// The class of failure of PROTOCOL 21.
    public var word: String {
        switch self {
        case .der: "der"
        case .signature: "signature"
        case .keyId: "keyid"
        case .chain, .material: "chain"
        case .point: "point"
        case .length: "length"
        case .range: "range"
        case .mismatch, .pem, .jws: "malformed"
        }
    }

    /// The reason, for a person.
    public var description: String {
        switch self {
        case .der(let reason): "not the DER expected: \(reason)"
        case .signature: "the signature is not valid"
        case .keyId: "the key identifier does not fit the key"
        case .chain(let reason): "the certificates are refused: \(reason)"
        case .point: "not a point of the curve"
        case .length: "too many bytes"
        case .range(let reason): "out of range: \(reason)"
        case .mismatch(let reason): "meant for something else: \(reason)"
        case .pem(let reason): "not the PEM expected: \(reason)"
        case .jws(let reason): "not the JWS expected: \(reason)"
        case .material(let reason): "the key material is refused: \(reason)"
        }
    }
}
