// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
public import KeyCrypto
public import KeyProtocol
internal import PKI

/// What the phone holds of one automaker: whom to trust, and its own instance CA there.
public struct Automaker: Codable, Hashable, Sendable {
    /// The automaker's name in its bundle; names the instance CA in the secure element.
    public var name: String
    /// The key of [J]; the first authorized key of every vehicle.
    public var rootKey: PublicKey
    /// The name of [J], which issuers of [K] must carry; none for states saved before it was kept.
    public var rootName: String?
    /// DER of [M], when vehicles are believed through the phone maker's root (PROTOCOL 11.5).
    public var crossCertificate: [UInt8]?
    /// The key of [D], under which [M] is believed.
    public var deviceRootKey: PublicKey?
    /// DER of [F].
    public var externalCA: [UInt8]
    /// DER of [E].
    public var instanceCA: [UInt8]
    /// Keys of [Q], which sign receipts and commands.
    public var signatureKeys: [PublicKey]
    /// What its readers call themselves in polling frames; none when it has not said.
    public var readerMake: ReaderMake?

    /// The root is pinned; with a cross certificate and [D] it is believed through these instead.
    public init(
        name: String, rootKey: PublicKey, rootName: String? = nil,
        crossCertificate: [UInt8]? = nil, deviceRootKey: PublicKey? = nil, externalCA: [UInt8],
        instanceCA: [UInt8], signatureKeys: [PublicKey] = [], readerMake: ReaderMake? = nil
    ) {
        self.name = name
        self.rootKey = rootKey
        self.rootName = rootName
        self.crossCertificate = crossCertificate
        self.deviceRootKey = deviceRootKey
        self.externalCA = externalCA
        self.instanceCA = instanceCA
        self.signatureKeys = signatureKeys
        self.readerMake = readerMake
    }

    /// Whether [K] is this automaker's and that of `vehicle` with `key` (PROTOCOL 7.3).
    func verify(
        vehicle: VehicleID, key: PublicKey?, certificate: [UInt8], intermediate: [UInt8]?,
        at now: Instant
    ) throws(PKIError) -> PublicKey {
        // Without [D] a cross certificate adds nothing: the root it is for is pinned.
        let path = deviceRootKey.flatMap { root in crossCertificate.map { (root, $0) } }
        if let path, try KeyCertificate(der: path.1).publicKey != rootKey {
            throw .chain("M: another root")
        }
        let anchor =
            if let path {
                try deviceRoot(path.0)
            } else {
                TrustAnchor(publicKey: rootKey, name: rootName)
            }
        let verified = try ChainVerifier.vehicle(
            K: certificate, intermediate: intermediate, M: path?.1, anchor: anchor, at: now)
        guard verified.vehicleId == vehicle, key == nil || key == verified.publicKey else {
            throw .mismatch("certificate of another vehicle")
        }
        return verified.publicKey
    }

    /// [D] with its name, which [F] carries (PROTOCOL 11.2) and the issuer of [M] must be.
    private func deviceRoot(_ key: PublicKey) throws(PKIError) -> TrustAnchor {
        TrustAnchor(publicKey: key, name: try KeyCertificate(der: externalCA).subjectName)
    }
}

extension [Automaker] {
    /// The automaker whose root is the first of a vehicle's authorized keys.
    func trusted(by authorizedKeys: [PublicKey]) throws(PhoneError) -> Automaker {
        guard let root = authorizedKeys.first, let found = first(where: { $0.rootKey == root })
        else { throw .automakerUnknown }
        return found
    }
}
