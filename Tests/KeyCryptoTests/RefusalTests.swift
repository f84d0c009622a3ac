// SPDX-License-Identifier: Apache-2.0

import Identifiers
@testable import KeyCrypto
import Testing

struct RefusalTests {
    static let keys = ChannelKeys(
        encryption: [UInt8](repeating: 1, count: 16), mac: [UInt8](repeating: 2, count: 16),
        responseMAC: [UInt8](repeating: 3, count: 16))

    @Test func `a private key is a scalar of 32 bytes`() throws {
        let order = try [UInt8](
            hex: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
        #expect(throws: CryptoError.length) { try PrivateKey(scalar: [1]) }
        #expect(throws: CryptoError.range) {
            try PrivateKey(scalar: [UInt8](repeating: 0, count: 32))
        }
        #expect(throws: CryptoError.range) { try PrivateKey(scalar: order) }
        #expect(throws: CryptoError.range) {
            try PrivateKey(scalar: [UInt8](repeating: 0xFF, count: 32))
        }
        let highest = order.dropLast() + [(order.last ?? 0) - 1]
        let key = try PrivateKey(scalar: Array(highest))
        #expect(key.publicKey.isValid(try key.signature(for: [1]), for: [1]))
        #expect("\(key)" == "<redacted>")
        let one = [UInt8](repeating: 0, count: 31) + [1]
        let drawn = PrivateKey.generate(
            scripted(order, [UInt8](repeating: 0, count: 32), one), for: "x")
        #expect(drawn.scalar == one)
    }

    @Test func `a malformed signature is not valid`() throws {
        let key = PrivateKey.generate(.system, for: "key")
        let good = try key.signature(for: [1, 2, 3])
        let zero = [UInt8](repeating: 0, count: 32)
        #expect(key.publicKey.isValid(good, for: [1, 2, 3]))
        #expect(!key.publicKey.isValid(good, for: [1, 2]))
        for bad in [
            [], zero + zero, zero + good.suffix(32), good.prefix(32) + zero,
            [UInt8](repeating: 0xFF, count: 64), good + [0], Array(good.dropLast()),
        ] {
            #expect(!key.publicKey.isValid(bad, for: [1, 2, 3]), "\(bad.hex)")
        }
    }

    @Test func `a reflected message opens nothing`() throws {
        var car = SecureChannel(keys: Self.keys)
        let command = try car.sealCommand([1, 2, 3])
        #expect(throws: CryptoError.mac) { try car.openResponse(command) }
        #expect(throws: CryptoError.closed) { try car.sealCommand([]) }
        var phone = SecureChannel(keys: Self.keys)
        _ = try phone.openCommand(command)
        let response = try phone.sealResponse([4])
        #expect(throws: CryptoError.mac) { try phone.openCommand(response) }
        #expect(phone.isClosed)
    }

    @Test func `steps out of order are refused`() throws {
        var channel = SecureChannel(keys: Self.keys)
        #expect(throws: CryptoError.closed) { try channel.sealResponse([]) }
        _ = try channel.sealCommand([])
        #expect(throws: CryptoError.closed) { try channel.sealCommand([]) }
        #expect(throws: CryptoError.closed) { try channel.passCommand() }
        #expect(throws: CryptoError.length) {
            var channel = SecureChannel(keys: Self.keys)
            _ = try channel.sealCommand([UInt8](repeating: 0, count: 240))
        }
    }

    @Test func `the counter never wraps`() throws {
        var (car, phone) = (SecureChannel(keys: Self.keys), SecureChannel(keys: Self.keys))
        for _ in 1...255 {
            _ = try phone.openCommand(car.sealCommand([1]))
            _ = try car.openResponse(phone.sealResponse([2]))
        }
        #expect(throws: CryptoError.closed) { try car.sealCommand([]) }
        #expect(throws: CryptoError.closed) { try phone.passCommand() }
        for counter in [256, -1, Int.max] {
            var closed = SecureChannel(keys: Self.keys, counter: counter)
            #expect(throws: CryptoError.closed) { try closed.openCommand([]) }
        }
    }

    @Test func `every flipped bit of a command is refused`() throws {
        var car = SecureChannel(keys: Self.keys)
        let wire = try car.sealCommand([1, 2, 3])
        for index in wire.indices {
            var bad = wire
            bad[index] ^= 0x10
            var phone = SecureChannel(keys: Self.keys)
            #expect(throws: CryptoError.mac) { try phone.openCommand(bad) }
        }
    }

    @Test(
        arguments: [
            (2048, 8, 1), (4095, 8, 1), (5000, 8, 1), (131072, 8, 1), (0, 8, 1), (32768, 16, 1),
            (32768, 8, 2), (32768, 0, 1), (32768, 8, 0),
        ] as [(UInt32, UInt16, UInt16)])
    func `a scrypt cost out of bounds is refused`(_ n: UInt32, _ r: UInt16, _ p: UInt16) {
        #expect(throws: CryptoError.scrypt) { try SPAKE2Plus.Cost(n: n, r: r, p: p) }
    }

    @Test func `passwords, salts and scalars are checked`() throws {
        let salt = [UInt8](repeating: 7, count: 16)
        let cost = try SPAKE2Plus.Cost(n: 4096, r: 8, p: 1)
        for password in ["", "1234567", "123456789", "1234567a", "１２３４５６７８"] {
            #expect(throws: CryptoError.malformed) {
                try SPAKE2Plus.scalars(password: password, salt: salt, cost: cost)
            }
        }
        for salt in [[], [UInt8](repeating: 0, count: 16), [UInt8](repeating: 1, count: 17)] {
            #expect(throws: CryptoError.scrypt) {
                try SPAKE2Plus.scalars(password: "12345678", salt: salt, cost: cost)
            }
        }
        let scalar = [UInt8](repeating: 5, count: 32)
        #expect(throws: CryptoError.range) {
            try SPAKE2Plus.PasswordScalars(w0: scalar, w1: scalar)
        }
        #expect(throws: CryptoError.range) {
            try SPAKE2Plus.PasswordScalars(derived: [UInt8](repeating: 9, count: 80))
        }
        #expect(throws: CryptoError.point) {
            try SPAKE2Plus.Verifier(w0: scalar, L: [UInt8](repeating: 4, count: 65))
        }
    }

    @Test func `a wrong password shows as wrong evidence`() throws {
        let (a, b, c) = (
            [UInt8](repeating: 5, count: 32), [UInt8](repeating: 6, count: 32),
            [UInt8](repeating: 7, count: 32)
        )
        let prover = try SPAKE2Plus.Prover(
            scalars: SPAKE2Plus.PasswordScalars(w0: a, w1: b), random: .system)
        let responder = try SPAKE2Plus.Responder(
            verifier: SPAKE2Plus.Verifier(SPAKE2Plus.PasswordScalars(w0: c, w1: b)),
            share: prover.share, random: .system, spakeVersion: [1, 0], appletVersions: [2, 0])
        #expect(throws: CryptoError.evidence) {
            try prover.finish(
                share: responder.share, evidence: responder.evidence, spakeVersion: [1, 0],
                appletVersions: [2, 0])
        }
        #expect(throws: CryptoError.evidence) { try responder.finish(evidence: []) }
    }

    @Test func `relay secrets are read from any Base64 of their size`() throws {
        let secret = [UInt8](repeating: 0xFB, count: 16)
        for text in ["+/v7+/v7+/v7+/v7+/v7+w==", "-_v7-_v7-_v7-_v7-_v7-w"] {
            #expect(try RelaySecret.secret(fromFragment: text) == secret)
        }
        #expect(throws: CryptoError.length) { try RelaySecret.secret(fromFragment: "AAAA") }
        #expect(throws: CryptoError.malformed) { try RelaySecret.secret(fromFragment: "é!") }
    }
}
