// SPDX-License-Identifier: Apache-2.0

public import Identifiers
internal import P256Math

extension SPAKE2Plus {
    /// The phone's side of one attempt (PROTOCOL 5.4, 5.5).
    public struct Prover: Sendable {
        /// X, 65 bytes, for the REQUEST response.
        public let share: [UInt8]
        private let scalars: PasswordScalars
        private let x: Scalar

        /// Draws `x` and computes `X = x·G + w0·M`.
        public init(scalars: PasswordScalars, random: RandomSource) throws(CryptoError) {
            let x = random.scalar(for: Draw.proverScalar)
            share = try onCurve { () throws(CurveError) in
                try CurvePoint.generator(times: x).plus(m.get().times(scalars.w0)).encoded()
            }
            self.scalars = scalars
            self.x = x
        }

        /// Checks Y (`point`) and M[1] (`evidence`) of VERIFY; returns M[2] and the keys.
        ///
        /// `spakeVersion` (2 bytes) and `appletVersions` (5C) are those of the REQUEST; `ble` asks
        /// for the two BLE keys.
        public func finish(
            share y: [UInt8], evidence m1: [UInt8], spakeVersion: [UInt8],
            appletVersions: [UInt8], ble: Bool = false
        ) throws(CryptoError) -> (evidence: [UInt8], keys: PairingKeys) {
            let transcript = try onCurve { () throws(CurveError) in
                // Y − w0·N = y·G when both know the password.
                let unblinded = try CurvePoint(y).plus(n.get().times(scalars.w0).negated())
                return Transcript(
                    x: share, y: y, z: try unblinded.times(x).encoded(),
                    v: try unblinded.times(scalars.w1).encoded(), w0: try scalars.w0.bytes())
            }
            let keys = try transcript.keys(
                spakeVersion: spakeVersion, appletVersions: appletVersions)
            guard constantTimeEqual(try keys.evidence1, m1) else { throw .evidence }
            return (try keys.evidence2, try PairingKeys(sharedKey: keys.sharedKey, ble: ble))
        }
    }
}
