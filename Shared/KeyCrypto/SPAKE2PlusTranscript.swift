// SPDX-License-Identifier: Apache-2.0

extension SPAKE2Plus {
    /// What both sides hash (PROTOCOL 5.5): points of 65 bytes, `w0` of 32.
    struct Transcript {
        var x: [UInt8]
        var y: [UInt8]
        var z: [UInt8]
        var v: [UInt8]
        var w0: [UInt8]

        /// TT: each value after its 8-byte little-endian length.
        var bytes: [UInt8] {
            [x, y, z, v, w0].reduce(into: []) { text, value in
                text += (0..<8).map { UInt8(truncatingIfNeeded: UInt64(value.count) >> (8 * $0)) }
                text += value
            }
        }

        func keys(
            spakeVersion: [UInt8], appletVersions: [UInt8]
        ) throws(CryptoError) -> EvidenceKeys {
            guard spakeVersion.count == 2, appletVersions.count <= 127 else { throw .length }
            let k = sha256(bytes)
            let info =
                Label.confirmationKeys + [0x5B, 0x02] + spakeVersion
                + [0x5C, UInt8(truncatingIfNeeded: appletVersions.count)] + appletVersions
            let confirmation = hkdf(Array(k.prefix(16)), info: info, count: 32)
            return EvidenceKeys(
                k1: Array(confirmation.prefix(16)), k2: Array(confirmation.suffix(16)),
                sharedKey: Array(k.suffix(16)), x: x, y: y)
        }
    }

    /// K1, K2 and SK of 16 bytes each, with the shares they prove.
    struct EvidenceKeys {
        var k1: [UInt8]
        var k2: [UInt8]
        var sharedKey: [UInt8]
        var x: [UInt8]
        var y: [UInt8]

        /// M[1], sent by the car.
        var evidence1: [UInt8] { get throws(CryptoError) { try cmac(key: k1, x) } }
        /// M[2], sent by the phone.
        var evidence2: [UInt8] { get throws(CryptoError) { try cmac(key: k2, y) } }
    }
}
