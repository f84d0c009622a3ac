// SPDX-License-Identifier: Apache-2.0

import Contracts
import HTTPTypes
import ServiceKit

extension RegistryError: ProblemConvertible {
    /// The one mapping from a refusal to HTTP (docs/api.md, status codes).
    var problem: Problem {
        switch self {
        case .malformed(let reason): Problem(.badRequest, "MALFORMED", reason)
        case .unsupported(let reason): Problem(.badRequest, "UNSUPPORTED_VERSION", reason)
        case .partnerUnknown:
            Problem(
                .unauthorized, "CLIENT_CERT_UNKNOWN",
                "the TLS certificate belongs to no device OEM known here")
        case .oemMismatch:
            Problem(
                .unauthorized, "OEM_ID_MISMATCH",
                "x-device-oemId is not the device OEM of the TLS certificate")
        case .tokenInvalid:
            Problem(.unauthorized, "TOKEN_INVALID", "a valid bearer token is needed")
        case .notBound:
            Problem(.forbidden, "NOT_OWNER", "the vehicle is not bound to this account")
        case .notOwner(let reason): Problem(.forbidden, "NOT_OWNER", reason)
        case .keyUnknown: Problem(.notFound, "KEY_UNKNOWN", "no such key")
        case .vehicleUnknown: Problem(.notFound, "VEHICLE_UNKNOWN", "no such vehicle")
        case .keyState(let from, let action):
            Problem(.conflict, "KEY_STATE", "a key in state \(from.rawValue) cannot \(action)")
        case .tooEarly(let reason): Problem(.conflict, "KEY_STATE", reason)
        case .vehicleExists:
            Problem(.conflict, "VEHICLE_EXISTS", "this VIN or id has other particulars already")
        case .keyTerminated: Problem(.gone, "TERMINATED", "the key has ended for good")
        case .chainInvalid(let reason): Problem(.unprocessableContent, "CHAIN_INVALID", reason)
        case .signatureInvalid(let reason):
            Problem(.unprocessableContent, "SIGNATURE_INVALID", reason)
        case .decryptFailed:
            Problem(.unprocessableContent, "DECRYPT_FAILED", "the container does not open")
        case .recipientKeyUnknown:
            Problem(
                .unprocessableContent, "RECIPIENT_KEY_UNKNOWN",
                "the container is encrypted to a key that is not ours")
        case .wrongEnvironment(let reason):
            Problem(.unprocessableContent, "WRONG_ENVIRONMENT", reason)
        case .busy:
            Problem(
                .tooManyRequests, "RATE_LIMIT",
                "too many passwords are being made, or one for you; try again",
                headers: [.retryAfter: "1"])
        }
    }
}
