// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import KeyCrypto

/// A fresh pairing password and what the car gets of it (PROTOCOL 5.1, F19, F20).
struct PairingPassword: Sendable {
    /// Minutes a password is valid.
    static let lifetimeSeconds: Int64 = 30 * 60

    /// 8 decimal digits.
    let password: Secret<String>
    let verifier: PairingVerifier

    /// Draws a password and a salt and computes the verifier; costs one scrypt (32 MiB).
    init(random: RandomSource) throws {
        let digits = Self.digits(random)
        let salt = random.bytes(16, for: "salt")
        let cost = SPAKE2Plus.Cost.standard
        let scalars = try SPAKE2Plus.scalars(password: digits, salt: salt, cost: cost)
        let secret = try SPAKE2Plus.Verifier(scalars)
        password = Secret(digits)
        verifier = PairingVerifier(
            w0: secret.w0.hex, L: secret.L.hex, salt: salt.hex, N: cost.n, r: cost.r, p: cost.p)
    }

    /// Eight digits without bias: values past the last multiple of 10^8 are drawn again.
    private static func digits(_ random: RandomSource) -> String {
        let range: UInt64 = 100_000_000
        let limit = UInt64.max - UInt64.max % range
        while true {
            let value = random.bytes(8, for: "password").reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            guard value < limit else { continue }
            let text = String(value % range)
            return String(repeating: "0", count: 8 - text.count) + text
        }
    }
}
