// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL

/// A point of P-256, infinity included; owns its EC_POINT.
///
/// Unchecked: the handle is written only while the value is made.
public final class CurvePoint: @unchecked Sendable {
    private let handle: OpaquePointer

    private init() throws(CurveError) {
        guard let group = Curve.p256.group, let handle = EC_POINT_new(group) else {
            throw .arithmetic
        }
        self.handle = handle
    }

    deinit { EC_POINT_clear_free(handle) }

    /// Decodes 65 bytes `04‖x‖y` of a point on the curve (SEC 1, 2.3.4); infinity is refused.
    public convenience init(_ bytes: [UInt8]) throws(CurveError) {
        try self.init()
        // EC_POINT_oct2point checks that x and y are below p and fulfil the equation.
        guard bytes.count == 65, bytes.first == 0x04,
            EC_POINT_oct2point(Curve.p256.group, handle, bytes, bytes.count, nil) == 1,
            EC_POINT_is_at_infinity(Curve.p256.group, handle) == 0
        else { throw .point }
    }

    /// 65 bytes `04‖x‖y`; throws `point` at infinity, which has no such form.
    public func encoded() throws(CurveError) -> [UInt8] {
        guard !isInfinity else { throw .point }
        var bytes = [UInt8](repeating: 0, count: 65)
        let count = EC_POINT_point2oct(
            Curve.p256.group, handle, POINT_CONVERSION_UNCOMPRESSED, &bytes, bytes.count, nil)
        guard count == bytes.count else { throw .arithmetic }
        return bytes
    }

    /// Whether this is the neutral element.
    public var isInfinity: Bool { EC_POINT_is_at_infinity(Curve.p256.group, handle) == 1 }

    /// `scalar · G`.
    public static func generator(times scalar: Scalar) throws(CurveError) -> CurvePoint {
        let result = try CurvePoint()
        let isDone = try Scratch.with { scratch in
            EC_POINT_mul(
                Curve.p256.group, result.handle, scalar.number.handle, nil, nil, scratch)
        }
        guard isDone else { throw .arithmetic }
        return result
    }

    /// `scalar · self`.
    public func times(_ scalar: Scalar) throws(CurveError) -> CurvePoint {
        let result = try CurvePoint()
        let isDone = try Scratch.with { scratch in
            EC_POINT_mul(
                Curve.p256.group, result.handle, nil, handle, scalar.number.handle, scratch)
        }
        guard isDone else { throw .arithmetic }
        return result
    }

    /// `self + other`.
    public func plus(_ other: CurvePoint) throws(CurveError) -> CurvePoint {
        let result = try CurvePoint()
        guard EC_POINT_add(Curve.p256.group, result.handle, handle, other.handle, nil) == 1 else {
            throw .arithmetic
        }
        return result
    }

    /// `−self`.
    public func negated() throws(CurveError) -> CurvePoint {
        let result = try CurvePoint()
        guard EC_POINT_copy(result.handle, handle) == 1,
            EC_POINT_invert(Curve.p256.group, result.handle, nil) == 1
        else { throw .arithmetic }
        return result
    }
}
