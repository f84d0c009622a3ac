// SPDX-License-Identifier: Apache-2.0

/// Every size, count and time this protocol bounds, in one place (PROTOCOL 4, 5.6, 7, 10, 17).
public enum Limits {
    /// Plain bytes of one protected command or response: 239 + 1 pad = 240, + 8 MAC ≤ 255.
    public static let protectedPlaintext = 239
    /// Bytes of one WRITE DATA batch.
    public static let writeDataBatch = 4096
    /// Bytes a car asks for in one EXCHANGE read; 233 would fit, 224 leaves room.
    public static let mailboxRead = 224
    /// Bytes of either mailbox of a key.
    public static let mailbox = 2048
    /// Bytes of a notification to the OS side.
    public static let notification = 16
    /// VERIFY attempts per password, counted by car and phone.
    public static let pairingAttempts = 7
    /// Wrong activation codes for one slot before the slot is retired.
    public static let activationAttempts = 5
    /// Keys a car keeps.
    public static let keys = 32
    /// Keys in `authorized_PK`.
    public static let authorizedKeys = 5
    /// Slot positions: 1 for the owner, 2...8 for shared keys.
    public static let positions: UInt8 = 8
    /// Ids in state `issued` per position; one more retires the oldest.
    public static let issuedPerPosition = 4
    /// The last generation of a position; after it the position is exhausted.
    public static let lastGeneration: UInt8 = 0xFE
    /// Slot ids in one retire list.
    public static let retireList = 20
    /// UTF-8 bytes of a message of a car: what the 46 bytes of the OEM area leave beside tag and length.
    public static let carMessage = 44
    /// DER bytes of an Attestation.
    public static let attestation = 766
    /// DER bytes of a certificate read from a phone, far above what the profile can produce.
    public static let certificate = 2048
    /// Versions in one list; two exist.
    public static let versions = 127
    /// Milliseconds between two questions whether the endpoint is ready.
    public static let creationPoll = 200
    /// Questions whether the endpoint is ready: the last one after 5 s.
    public static let creationPolls = 26
    /// Seconds for the whole of phase 2.
    public static let phase2: Int64 = 300
    /// Seconds a key may stay pending after phase 2.
    public static let phase3: Int64 = 600
    /// Seconds the pairing channel survives the one announced loss of field.
    public static let fieldReset: Int64 = 60
    /// Bytes of data in one frame of the stream transport; APDUs have at most 261.
    public static let streamData = 512
    /// Milliseconds between the rounds of a ranging session.
    public static let rangingPause = 20
    /// Milliseconds for the phone's answer to one round.
    public static let rangingRound = 1000
    /// Seconds a ranging secret lives at most.
    public static let rangingSecret: Int64 = 86_400
    /// Seconds a pairing password is valid after pairing mode started.
    public static let password: Int64 = 1800
}
