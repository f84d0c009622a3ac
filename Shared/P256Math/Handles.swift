// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL

/// The curve prime256v1 and n − 1, made once and never freed.
///
/// Unchecked: libcrypto only reads a group and a number after they were made.
final class Curve: @unchecked Sendable {
    static let p256 = Curve()

    let group: OpaquePointer?
    let order: OpaquePointer?
    let orderMinusOne: Number?

    private init() {
        group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)
        order = group.flatMap { EC_GROUP_get0_order($0) }
        orderMinusOne = order.flatMap { order in
            guard let copy = BN_dup(order) else { return nil }
            let number = Number(owning: copy)
            return BN_sub_word(copy, 1) == 1 ? number : nil
        }
    }
}

/// One owned BIGNUM, wiped when freed.
///
/// Unchecked: a number is not changed after the function that made it has returned.
final class Number: @unchecked Sendable {
    let handle: OpaquePointer

    init(owning handle: OpaquePointer) { self.handle = handle }

    /// Zero, in constant-time mode.
    init() throws(CurveError) {
        guard let handle = BN_new() else { throw .arithmetic }
        BN_set_flags(handle, BN_FLG_CONSTTIME)
        self.handle = handle
    }

    /// A big-endian integer, in constant-time mode.
    convenience init(_ bytes: [UInt8]) throws(CurveError) {
        try self.init()
        guard BN_bin2bn(bytes, Int32(bytes.count), handle) != nil else { throw .arithmetic }
    }

    deinit { BN_clear_free(handle) }

    /// Big-endian, padded with zeros to 32 bytes.
    func bytes32() throws(CurveError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 32)
        guard BN_bn2binpad(handle, &bytes, 32) == 32 else { throw .arithmetic }
        return bytes
    }
}

/// One owned BN_CTX: scratch numbers of a calculation.
final class Scratch {
    private let handle: OpaquePointer

    private init() throws(CurveError) {
        guard let handle = BN_CTX_secure_new() else { throw .arithmetic }
        self.handle = handle
    }

    deinit { BN_CTX_free(handle) }

    /// Calculates with a fresh one, which lives until `body` has returned: Swift frees an object
    /// after its last use, and a handle taken out of it is no use.
    static func with(_ body: (OpaquePointer) -> Int32) throws(CurveError) -> Bool {
        let scratch = try Scratch()
        return withExtendedLifetime(scratch) { body(scratch.handle) == 1 }
    }
}
