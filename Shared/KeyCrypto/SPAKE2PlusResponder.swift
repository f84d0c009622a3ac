// SPDX-License-Identifier: Apache-2.0

public import Identifiers
internal import P256Math

extension SPAKE2Plus {
    /// The car's side of one attempt (PROTOCOL 5.4, 5.5).
    public struct Responder: Sendable {
        /// Y, 65 bytes, for VERIFY.
        public let share: [UInt8]
        /// M[1], 16 bytes, for VERIFY.
        public let evidence: [UInt8]
        private let expected: [UInt8]
        private let pairingKeys: PairingKeys

        /// Draws `y`, checks the phone's X (`point`) and computes `Y = y·G + w0·N` and M[1].
        ///
        /// `spakeVersion` (2 bytes) and `appletVersions` (5C) are those of the REQUEST; `ble` asks
        /// for the two BLE keys.
        public init(
            verifier: Verifier, share x: [UInt8], random: RandomSource, spakeVersion: [UInt8],
            appletVersions: [UInt8], ble: Bool = false
        ) throws(CryptoError) {
            let w0 = verifier.scalar
            let transcript = try onCurve { () throws(CurveError) in
                // X − w0·M = x·G when both know the password; infinity shows when Z is encoded.
                let unblinded = try CurvePoint(x).plus(m.get().times(w0).negated())
                let y = random.scalar(for: Draw.verifierScalar)
                let share = try CurvePoint.generator(times: y).plus(n.get().times(w0))
                return Transcript(
                    x: x, y: try share.encoded(), z: try unblinded.times(y).encoded(),
                    v: try verifier.point.times(y).encoded(), w0: verifier.w0)
            }
            let keys = try transcript.keys(
                spakeVersion: spakeVersion, appletVersions: appletVersions)
            share = transcript.y
            evidence = try keys.evidence1
            expected = try keys.evidence2
            pairingKeys = try PairingKeys(sharedKey: keys.sharedKey, ble: ble)
        }

        /// Checks the phone's M[2] (`evidence`) and hands out the keys.
        public func finish(evidence m2: [UInt8]) throws(CryptoError) -> PairingKeys {
            guard constantTimeEqual(expected, m2) else { throw .evidence }
            return pairingKeys
        }
    }
}
