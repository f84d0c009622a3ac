// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import P256Math

/// SPAKE2+ on P-256 as owner pairing uses it (PROTOCOL 5): the phone is the prover and knows the
/// password, the car holds `w0` and `L` only.
///
/// ```text
/// phone   X = x·G + w0·M   ->   car
/// phone   <-   Y = y·G + w0·N, M[1] = CMAC(K1, X)   car
/// phone   M[2] = CMAC(K2, Y)   ->   car
/// ```
public enum SPAKE2Plus {
    /// What scrypt may cost (PROTOCOL 5.1); no other cost can be made.
    public struct Cost: Hashable, Sendable {
        /// N: 4096 ... 65536, a power of two.
        public let n: UInt32
        /// Always 8.
        public let r: UInt16
        /// Always 1.
        public let p: UInt16

        /// What servers should use: 32768, 8, 1.
        public static let standard = Cost()

        /// Refuses a cost outside PROTOCOL 5.1 with `scrypt`.
        public init(n: UInt32, r: UInt16, p: UInt16) throws(CryptoError) {
            guard (4096...65536).contains(n), n.nonzeroBitCount == 1, r == 8, p == 1 else {
                throw .scrypt
            }
            self.n = n
            self.r = r
            self.p = p
        }

        private init() {
            n = 32768
            r = 8
            p = 1
        }
    }

    /// The point M of RFC 9383, which blinds the phone's share.
    static let m = constant(
        x: "886E2F97ACE46E55BA9DD7242579F2993B64E16EF3DCAB95AFD497333D8FA12F",
        y: "5FF355163E43CE224E0B0E65FF02AC8E5C7BE09419C785E0CA547D55A12E2D20")
    /// The point N of RFC 9383, which blinds the car's share.
    static let n = constant(
        x: "D8BBD6C639C62937B04D997F38C3770719C629D7014D49A24B4F98BAA1292B49",
        y: "07D60AA6BFADE45008A636337F5168C64D9BD36034808CD564490B1E656EDBE7")

    private static func constant(x: String, y: String) -> Result<CurvePoint, CurveError> {
        Result { () throws(CurveError) in
            guard let bytes = try? [UInt8](hex: "04" + x + y) else { throw .point }
            return try CurvePoint(bytes)
        }
    }
}

/// Runs curve arithmetic; a refused point is `point`, a refused scalar `range`.
func onCurve<Value>(_ body: () throws(CurveError) -> Value) throws(CryptoError) -> Value {
    do throws(CurveError) {
        return try body()
    } catch {
        throw error == .scalar ? .range : .point
    }
}
