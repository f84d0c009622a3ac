// SPDX-License-Identifier: Apache-2.0

internal import Identifiers

/// The fast key schedule of one transaction (PROTOCOL 8.5): what is the same for all keys of a car is
/// laid out once, so that a key tried costs one HMAC.
///
/// ```text
/// 0200  info = head ‖ device.PK.x ‖ tail       HKDF → cryptogram Kenc Kmac Krmac
/// 0100  info = head                            HKDF → Kcmac      Kenc Kmac Krmac
/// ```
public struct FastSchedule: Sendable {
    private let layout: Layout

    private enum Layout {
        /// Version 0200; 01, the number of HKDF's first block, is appended to the tail already.
        case keyed(head: [UInt8], numberedTail: [UInt8])
        /// Version 0100, whose info names no key.
        case plain(info: [UInt8], signatureInput: [UInt8])
    }

    /// The schedule at a car whose vehicle.PK has this x coordinate (32 bytes).
    public init(_ transcript: TransactionTranscript, vehicleKeyX: [UInt8]) {
        guard transcript.version != [0x01, 0x00] else {
            layout = .plain(
                info: transcript.info(Label.volatileFast),
                signatureInput: transcript.signatureInput(usage: .endpoint))
            return
        }
        let tail: [[UInt8]] = [
            [transcript.interface], transcript.versionList, [0x5C, 0x02], transcript.version,
            transcript.vehicleEphemeral.x, transcript.transactionId, transcript.flag,
            transcript.endpointEphemeral.x, [0x01],
        ]
        layout = .keyed(
            head: vehicleKeyX + Label.volatileFast + transcript.vehicleId.bytes,
            numberedTail: Array(tail.joined()))
    }

    /// What this Kpersistent gives with a device.PK of this x coordinate (32 bytes).
    public func keys(
        _ kpersistent: PersistentSecret, deviceKeyX: [UInt8]
    ) throws(CryptoError) -> FastKeys {
        let secret = try kpersistent.extracted
        let (keys, cryptogram): ([UInt8], [UInt8])
        switch layout {
        case .keyed(let head, let tail):
            keys = secret.expand(head + deviceKeyX + tail.dropLast(), count: 64)
            cryptogram = Array(keys.prefix(16))
        case .plain(let info, let signatureInput):
            keys = secret.expand(info, count: 64)
            cryptogram = try cmac(key: Array(keys.prefix(16)), signatureInput)
        }
        return FastKeys(cryptogram: cryptogram, channel: ChannelKeys(keys.suffix(48)))
    }

    /// Whether `cryptogram` (16 bytes, tag 9D) was made with this Kpersistent and device.PK, compared in
    /// constant time; no means: try the next key, and go on with AUTH1 after the last (PROTOCOL 8.5, 8.10).
    public func isMade(
        _ cryptogram: [UInt8], with kpersistent: PersistentSecret, deviceKeyX: [UInt8]
    ) throws(CryptoError) -> Bool {
        let expected =
            switch layout {
            case .keyed(let head, let tail):
                try kpersistent.begun(with: head, deviceKeyX).expand(numbered: tail)
            case .plain(let info, let signatureInput):
                try cmac(key: kpersistent.extracted.expand(info, count: 16), signatureInput)
            }
        return constantTimeEqual(expected, cryptogram)
    }
}
