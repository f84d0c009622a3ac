// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL

/// A number 1 ... n − 1 modulo the order n of P-256; it prints as `<redacted>`.
public struct Scalar: Sendable, CustomStringConvertible, CustomReflectable {
    let number: Number

    /// Takes 32 big-endian bytes; zero and values ≥ n are refused.
    public init(_ bytes: [UInt8]) throws(CurveError) {
        guard bytes.count == 32, let order = Curve.p256.order else { throw .scalar }
        let number = try Number(bytes)
        guard BN_is_zero(number.handle) == 0, BN_cmp(number.handle, order) < 0 else {
            throw .scalar
        }
        self.number = number
    }

    private init(number: Number) { self.number = number }

    /// `(wide mod (n − 1)) + 1` of a big-endian integer of any length (PROTOCOL 5.2).
    public static func reducing(_ wide: [UInt8]) throws(CurveError) -> Scalar {
        guard let modulus = Curve.p256.orderMinusOne else { throw .arithmetic }
        let (number, value) = (try Number(), try Number(wide))
        let isDone = try Scratch.with { scratch in
            withExtendedLifetime(value) {
                BN_div(nil, number.handle, value.handle, modulus.handle, scratch)
            }
        }
        guard isDone, BN_add_word(number.handle, 1) == 1 else { throw .arithmetic }
        return Scalar(number: number)
    }

    /// 32 big-endian bytes.
    public func bytes() throws(CurveError) -> [UInt8] { try number.bytes32() }

    /// Always `<redacted>`.
    public var description: String { "<redacted>" }
    /// Nothing to reflect.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
