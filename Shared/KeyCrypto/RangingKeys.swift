// SPDX-License-Identifier: Apache-2.0

public import Identifiers

/// The two MAC keys of one ranging session (PROTOCOL 18.2); they print as `<redacted>`.
///
/// ```text
/// Kcar(16) ‖ Kphone(16) = HKDF(URSK, info = "Ranging" ‖ vehicle id(8) ‖ session id(8), 32)
/// MAC8 = CMAC(key of the sender, frame type ‖ frame id ‖ fields before the MAC)[0:8]
/// ```
/// One key per direction, so that a frame sent back to its sender is never right.
public struct RangingKeys: Sendable, CustomStringConvertible, CustomReflectable {
    private let car: AESKey
    private let phone: AESKey

    /// Whose frame it is.
    public enum Sender: Sendable {
        case car, phone
    }

    /// The keys of a session; `ursk` has 32 bytes.
    public init(ursk: SecretBytes, vehicleId: VehicleID, sessionId: [UInt8]) {
        let info = Label.ranging + vehicleId.bytes + sessionId
        let keys = ExtractedSecret(ursk).expand(info, count: 32)
        car = AESKey(keys.prefix(16))
        phone = AESKey(keys.suffix(16))
    }

    /// 8 bytes.
    public func mac(of message: [UInt8], by sender: Sender) throws(CryptoError) -> [UInt8] {
        Array(try (sender == .car ? car : phone).cmac(message).prefix(8))
    }

    /// Compares in constant time.
    public func isValid(_ mac: [UInt8], of message: [UInt8], by sender: Sender) -> Bool {
        (try? self.mac(of: message, by: sender)).map { constantTimeEqual($0, mac) } ?? false
    }

    /// Always `<redacted>`.
    public var description: String { "<redacted>" }
    /// Nothing to reflect.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
