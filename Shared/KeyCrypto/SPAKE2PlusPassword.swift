// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import CryptoExtras
internal import Identifiers
internal import P256Math

extension SPAKE2Plus {
    /// What the password becomes on the phone and at the server (PROTOCOL 5.2).
    public struct PasswordScalars: Sendable, CustomStringConvertible, CustomReflectable {
        let w0: Scalar
        let w1: Scalar

        /// Takes two different scalars of 32 bytes; equal ones throw `range`.
        public init(w0: [UInt8], w1: [UInt8]) throws(CryptoError) {
            guard w0.count == 32, w1.count == 32 else { throw .length }
            guard !constantTimeEqual(w0, w1) else { throw .range }
            (self.w0, self.w1) = try onCurve { () throws(CurveError) in
                (try Scalar(w0), try Scalar(w1))
            }
        }

        /// Takes the 80 bytes of scrypt: `w = (z mod (n − 1)) + 1` for each half.
        init(derived z: [UInt8]) throws(CryptoError) {
            let (w0, w1) = try onCurve { () throws(CurveError) in
                (
                    try Scalar.reducing(Array(z.prefix(40))).bytes(),
                    try Scalar.reducing(Array(z.suffix(40))).bytes()
                )
            }
            try self.init(w0: w0, w1: w1)
        }

        /// Always `<redacted>`.
        public var description: String { "<redacted>" }
        /// Nothing to reflect.
        public var customMirror: Mirror { Mirror(self, children: []) }
    }

    /// Runs scrypt over a password of 8 decimal digits and a salt of 16 bytes, not all zero.
    ///
    /// The standard cost takes 86 ms and 32 MiB.
    public static func scalars(
        password: String, salt: [UInt8], cost: Cost
    ) throws(CryptoError) -> PasswordScalars {
        let z = try derive(password: password, salt: salt, cost: cost)
        return try PasswordScalars(derived: z)
    }

    /// z of PROTOCOL 5.2, 80 bytes.
    static func derive(
        password: String, salt: [UInt8], cost: Cost
    ) throws(CryptoError) -> [UInt8] {
        let digits = Array(password.utf8)
        guard digits.count == 8, digits.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw .malformed
        }
        guard salt.count == 16, salt.contains(where: { $0 != 0 }) else { throw .scrypt }
        let (n, r, p) = (Int(cost.n), Int(cost.r), Int(cost.p))
        do {
            return try KDF.Scrypt.deriveKey(
                from: digits, salt: salt, outputByteCount: 80, rounds: n, blockSize: r,
                parallelism: p, maxMemory: 128 * r * (n + p + 2) + 4096
            ).withUnsafeBytes { Array($0) }
        } catch {
            throw .scrypt
        }
    }

    /// What the car holds of a password: `w0` and `L = w1·G`; the password cannot be used from it.
    public struct Verifier: Sendable, CustomStringConvertible, CustomReflectable {
        /// 32 bytes; a secret.
        public let w0: [UInt8]
        /// 65 bytes; a secret as well, for it allows guessing.
        public let L: [UInt8]
        let scalar: Scalar
        let point: CurvePoint

        /// Takes what the server sent; throws `range` or `point`.
        public init(w0: [UInt8], L: [UInt8]) throws(CryptoError) {
            (scalar, point) = try onCurve { () throws(CurveError) in
                (try Scalar(w0), try CurvePoint(L))
            }
            self.w0 = w0
            self.L = L
        }

        /// Computes `L`; done where the password is known.
        public init(_ scalars: PasswordScalars) throws(CryptoError) {
            scalar = scalars.w0
            (w0, L, point) = try onCurve { () throws(CurveError) in
                let point = try CurvePoint.generator(times: scalars.w1)
                return (try scalars.w0.bytes(), try point.encoded(), point)
            }
        }

        /// Always `<redacted>`.
        public var description: String { "<redacted>" }
        /// Nothing to reflect.
        public var customMirror: Mirror { Mirror(self, children: []) }
    }
}

extension RandomSource {
    /// Draws 32 bytes for `purpose`, again while they are not a scalar.
    func scalar(for purpose: String) -> Scalar {
        while true {
            if let scalar = try? Scalar(bytes(32, for: purpose)) { return scalar }
        }
    }
}
