// SPDX-License-Identifier: Apache-2.0

internal import Identifiers

/// The encrypted and authenticated channel between car and phone (PROTOCOL 6).
///
/// ```text
/// command   CBC(Kenc, ECB(Kenc, 00…‖ctr), plain 80 00…) ‖ CMAC(Kmac, MCV ‖ cipher)[0..7]
/// response  CBC(Kenc, ECB(Kenc, 80…‖ctr), plain 80 00…) ‖ CMAC(Krmac, MCV ‖ cipher)[0..7]
/// ```
/// The car seals commands and opens responses, the phone the other way round. After any refusal the
/// channel is closed and its keys are gone (6.3).
public struct SecureChannel: Sendable {
    /// The most plain bytes of one command or response (PROTOCOL 4.1).
    public static let plainLimit = 239

    /// None when closed.
    private var keys: ChannelKeys?
    /// 0...255; 256 when exhausted or closed.
    private var counter: Int
    /// The full MAC of the last command; 16 zero bytes before the first.
    private(set) var chainingValue = [UInt8](repeating: 0, count: 16)
    /// Whether a command has passed whose response has not.
    private var isAnswerDue: Bool

    /// Starts at `counter`: 1 in pairing and after fast, 0 when the AUTH1 response comes first;
    /// anything outside 0...255 makes a closed channel.
    public init(keys: ChannelKeys, counter: Int = 1) {
        let isOpen = (0...255).contains(counter)
        self.keys = isOpen ? keys : nil
        self.counter = isOpen ? counter : 256
        // Counter 0 belongs to AUTH1 only, a plain command that is not chained (6.2).
        isAnswerDue = counter == 0
    }

    /// A channel through which nothing passes.
    public static let closed = SecureChannel(
        keys: ChannelKeys(encryption: [], mac: [], responseMAC: []), counter: 256)

    /// The keys while it is open, for traces of the bench.
    public var traceKeys: ChannelKeys? { keys }

    /// Whether nothing can pass any more.
    public var isClosed: Bool { counter > 255 }

    /// Car: protects a command of up to 239 bytes; returns cipher text ‖ MAC.
    public mutating func sealCommand(_ plain: [UInt8]) throws(CryptoError) -> [UInt8] {
        let keys = try keys(answerDue: false)
        guard plain.count <= Self.plainLimit else { throw .length }
        let cipher = try encrypt(plain, mark: 0x00, keys)
        chainingValue = try keys.mac.cmac(chainingValue, cipher)
        isAnswerDue = true
        return cipher + chainingValue.prefix(8)
    }

    /// Phone: opens cipher text ‖ MAC of a command.
    public mutating func openCommand(_ wire: [UInt8]) throws(CryptoError) -> [UInt8] {
        let keys = try keys(answerDue: false)
        do throws(CryptoError) {
            let (cipher, mac) = try split(wire)
            let full = try keys.mac.cmac(chainingValue, cipher)
            guard constantTimeEqual(Array(full.prefix(8)), mac) else { throw .mac }
            let plain = try decrypt(cipher, mark: 0x00, keys)
            chainingValue = full
            isAnswerDue = true
            return plain
        } catch {
            close()
            throw error
        }
    }

    /// Phone: protects the response of up to 239 bytes to the last command.
    public mutating func sealResponse(_ plain: [UInt8]) throws(CryptoError) -> [UInt8] {
        let keys = try keys(answerDue: true)
        guard plain.count <= Self.plainLimit else { throw .length }
        let cipher = try encrypt(plain, mark: 0x80, keys)
        let mac = try keys.responseMAC.cmac(chainingValue, cipher)
        advance()
        return cipher + mac.prefix(8)
    }

    /// Car: opens the response to the last command.
    public mutating func openResponse(_ wire: [UInt8]) throws(CryptoError) -> [UInt8] {
        let keys = try keys(answerDue: true)
        do throws(CryptoError) {
            let (cipher, mac) = try split(wire)
            let full = try keys.responseMAC.cmac(chainingValue, cipher)
            guard constantTimeEqual(Array(full.prefix(8)), mac) else { throw .mac }
            let plain = try decrypt(cipher, mark: 0x80, keys)
            advance()
            return plain
        } catch {
            close()
            throw error
        }
    }

    /// Both: a plain command that counts. GET RESPONSE is chained like an empty command whose MAC is
    /// not sent (6.4); AUTH1 with counter 0 leaves the chaining value zero (6.2).
    public mutating func passCommand() throws(CryptoError) {
        if counter == 0 { return }
        chainingValue = try keys(answerDue: false).mac.cmac(chainingValue)
        isAnswerDue = true
    }

    /// Wipes the keys; every later step throws `closed`.
    public mutating func close() {
        keys = nil
        counter = 256
    }

    private func keys(answerDue: Bool) throws(CryptoError) -> ChannelKeys {
        guard let keys, isAnswerDue == answerDue else { throw .closed }
        return keys
    }

    private mutating func advance() {
        counter += 1
        isAnswerDue = false
        if isClosed { close() }
    }

    /// A body no sender makes counts as a MAC failure (6.1); 240 bytes of cipher text is the most.
    private func split(
        _ wire: [UInt8]
    ) throws(CryptoError) -> (cipher: [UInt8], mac: [UInt8]) {
        guard wire.count >= 8, wire.count % 16 == 8, wire.count <= 248 else { throw .mac }
        return (Array(wire.dropLast(8)), Array(wire.suffix(8)))
    }

    private func initialVector(
        mark: UInt8, _ keys: ChannelKeys
    ) throws(CryptoError) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 16)
        block[0] = mark
        block[15] = UInt8(truncatingIfNeeded: counter)
        return try keys.encryption.encrypt(block: block)
    }

    private func encrypt(
        _ plain: [UInt8], mark: UInt8, _ keys: ChannelKeys
    ) throws(CryptoError) -> [UInt8] {
        guard !plain.isEmpty else { return [] }
        return try keys.encryption.encryptPadded(iv: initialVector(mark: mark, keys), plain)
    }

    private func decrypt(
        _ cipher: [UInt8], mark: UInt8, _ keys: ChannelKeys
    ) throws(CryptoError) -> [UInt8] {
        guard !cipher.isEmpty else { return [] }
        return try keys.encryption.decryptPadded(iv: initialVector(mark: mark, keys), cipher)
    }
}
