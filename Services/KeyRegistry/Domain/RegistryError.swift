// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers

/// Why the registry refused something; each has one HTTP problem (`RegistryError+HTTP.swift`).
enum RegistryError: Error, Equatable {
    /// A field is absent, malformed or out of range.
    case malformed(String)
    /// The TLS certificate belongs to no partner, or to another one than the header names.
    case partnerUnknown
    case oemMismatch
    /// The bearer token is absent, expired, or not signed by the automaker's sign-in.
    case tokenInvalid
    /// The account may not pair this vehicle (F14).
    case notBound
    /// Whoever asks is not the owner of the vehicle.
    case notOwner(String)
    case keyUnknown
    case vehicleUnknown
    /// The state machine has no such edge.
    case keyState(from: KeyState, action: String)
    case keyTerminated
    /// Something else has to come first; the caller may try again.
    case tooEarly(String)
    case chainInvalid(String)
    case signatureInvalid(String)
    case decryptFailed
    case recipientKeyUnknown
    case unsupported(String)
    /// The vehicle is registered already with other particulars.
    case vehicleExists
    /// Bundles and certificates of another environment (F77).
    case wrongEnvironment(String)
    /// Too many pairing passwords are being made at this moment.
    case busy
}
