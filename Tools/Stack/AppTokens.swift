// SPDX-License-Identifier: Apache-2.0

import Foundation
import JWTKit
import ServiceKit

/// The development stack's stand-in for the automaker's sign-in: it issues the bearer tokens that
/// owner apps show to the registry (ES256, one hour).
struct AppTokens {
    let folder: URL

    private struct Claims: JWTPayload {
        var sub: SubjectClaim
        var exp: ExpirationClaim

        func verify(using algorithm: some JWTAlgorithm) async throws { try exp.verifyNotExpired() }
    }

    /// A token of `account`.
    func token(account: String) async throws -> String {
        let file = folder.appending(path: "app-token.key")
        let pem: String
        do {
            pem = try String(contentsOf: file, encoding: .utf8)
        } catch {
            throw StackError.file(path: file.path, reason: FileFailure.reason(error))
        }
        let keys = JWTKeyCollection()
        await keys.add(ecdsa: try ES256PrivateKey(pem: pem))
        return try await keys.sign(
            Claims(sub: .init(value: account), exp: .init(value: Date(timeIntervalSinceNow: 3600))))
    }
}
