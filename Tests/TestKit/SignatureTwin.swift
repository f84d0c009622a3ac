// SPDX-License-Identifier: Apache-2.0

/// The other signature over the same message by the same key, (r, n − s): whoever sees one can make it,
/// and a verifier that does not ask for a low s takes both (PROTOCOL 2.3).
public func signatureTwin(_ signature: [UInt8]) -> [UInt8] {
    let order: [UInt8] =
        [255, 255, 255, 255, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255]
        + [188, 230, 250, 173, 167, 23, 158, 132, 243, 185, 202, 194, 252, 99, 37, 81]
    var s = Array(signature.suffix(32))
    var borrow = 0
    for index in s.indices.reversed() {
        let difference = Int(order[index]) - Int(s[index]) - borrow
        s[index] = UInt8(truncatingIfNeeded: difference)
        borrow = difference < 0 ? 1 : 0
    }
    return signature.prefix(32) + s
}
