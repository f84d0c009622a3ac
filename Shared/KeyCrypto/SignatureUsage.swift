// SPDX-License-Identifier: Apache-2.0

internal import Identifiers

/// What a signature is for; the constant is part of what is signed (PROTOCOL 8.3, 12.1).
public enum SignatureUsage: UInt32, CaseIterable, Sendable {
    /// The car in AUTH1.
    case vehicle = 0x415D_9569
    /// The endpoint in AUTH1.
    case endpoint = 0x4E88_7B4C
    /// Attestation.
    case entitlement = 0x5A11_0001
    /// Termination.
    case termination = 0x5A11_0002
    /// KtsReceipt.
    case receipt = 0x5A11_0003
    /// ServerRequest.
    case serverRequest = 0x5A11_0004
    /// ServerCommand.
    case serverCommand = 0x5A11_0005
    /// encSig of a KeySigningRequest.
    case encryptionKeyProof = 0x5A11_0006
    /// VehicleStatement.
    case vehicleStatement = 0x5A11_0007

    /// `93 04 <constant>`, 6 bytes.
    public var tagged: [UInt8] { [0x93, 0x04] + rawValue.bigEndianBytes }
}
