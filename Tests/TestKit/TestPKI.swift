// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto
public import PKI
internal import Synchronization

/// An automaker and a device OEM that know one another, the same keys in every run.
public struct TestPKI: Sendable {
    /// When everything begins to be valid: 2026-01-01.
    public static let start = Instant(secondsSinceEpoch: 1_767_225_600)
    /// A moment in 2026 at which everything is valid.
    public static let now = start.adding(seconds: 150 * 86_400)

    public let automaker: AutomakerPKI
    public let deviceOEM: DeviceOEMPKI
    /// [F] of the device OEM.
    public let externalCA: KeyCertificate
    /// [M] of the automaker.
    public let crossCertificate: KeyCertificate
    /// [E] of one phone.
    public let instanceCA: CertifiedKey

    /// Made from `seed`; another seed gives other keys.
    public init(seed: String = "latchkey") throws {
        let random = Self.random(seed: seed)
        automaker = try AutomakerPKI.make(
            environment: "test", vehicleOemId: "roadworks", from: Self.start, random: random)
        deviceOEM = try DeviceOEMPKI.make(
            environment: "test", deviceOemId: "acme-phones", from: Self.start, random: random)
        externalCA = try automaker.externalCA(
            for: deviceOEM.root.certificate, from: Self.start, random: random)
        crossCertificate = try deviceOEM.crossCertificate(
            for: automaker.root.certificate, from: Self.start, random: random)
        instanceCA = try deviceOEM.makeInstanceCA(
            named: "phone 1", extension: InstanceCAExtension(appletVersion: [0, 2, 0, 0]),
            from: Self.start, random: random)
    }

    /// An [H] of the phone for `key`.
    public func endpoint(
        for key: PublicKey, extension value: EndpointExtension, notAfter: Instant = .noEnd
    ) throws -> KeyCertificate {
        try CertificateIssuer(instanceCA).endpoint(
            for: key, extension: value, notBefore: Self.start, notAfter: notAfter,
            random: Self.random(seed: key.description))
    }

    /// Reproducible bytes: SHA-256 over seed, purpose and a counter.
    public static func random(seed: String) -> RandomSource {
        let counter = Counter()
        return RandomSource { count, purpose in
            var bytes: [UInt8] = []
            while bytes.count < count {
                bytes += sha256(Array("\(seed)/\(purpose)/\(counter.next())".utf8))
            }
            return Array(bytes.prefix(count))
        }
    }

    private final class Counter: Sendable {
        private let value = Mutex(0)
        func next() -> Int {
            value.withLock { value in
                value += 1
                return value
            }
        }
    }
}
