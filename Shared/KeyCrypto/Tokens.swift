// SPDX-License-Identifier: Apache-2.0

public import Identifiers

/// The immobilizer token of a slot id, 16 bytes, from the car's 32-byte K_immo (PROTOCOL 10.5).
public func immobilizerToken(key: [UInt8], slotId: SlotID, vehicleId: VehicleID) -> [UInt8] {
    let message = Label.immobilizerToken + slotId.bytes + vehicleId.bytes
    return Array(hmacSHA256(key: key, message).prefix(16))
}

/// The proof of an activation code, 16 bytes, from LTSS, 6 digits and the 16-byte nonce of the
/// Attestation (PROTOCOL 12.3); throws `malformed` or `length`.
public func activationTag(
    ltss: [UInt8], code: String, nonce: [UInt8]
) throws(CryptoError) -> [UInt8] {
    let digits = Array(code.utf8)
    guard digits.count == 6, digits.allSatisfy({ (0x30...0x39).contains($0) }) else {
        throw .malformed
    }
    guard ltss.count == 16, nonce.count == 16 else { throw .length }
    return Array(hmacSHA256(key: ltss, Label.activation + digits + nonce).prefix(16))
}
