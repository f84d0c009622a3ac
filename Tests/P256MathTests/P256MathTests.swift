// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import P256Math
import Testing

struct P256MathTests {
    static let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
    static let prime = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"

    private func scalar(_ value: UInt8) throws -> Scalar {
        try Scalar([UInt8](repeating: 0, count: 31) + [value])
    }

    @Test(arguments: ["", "01", String(repeating: "00", count: 32), order, prime, order + "00"])
    func `zero, n and wrong sizes are no scalars`(_ hex: String) throws {
        let bytes = try [UInt8](hex: hex)
        #expect(throws: CurveError.scalar) { try Scalar(bytes) }
    }

    @Test func `a wide number is reduced to 1 ... n - 1`() throws {
        var orderMinusOne = try [UInt8](hex: Self.order)
        orderMinusOne.append((orderMinusOne.popLast() ?? 0) - 1)
        #expect(try Scalar.reducing([]).bytes() == scalar(1).bytes())
        #expect(try Scalar.reducing(orderMinusOne).bytes() == scalar(1).bytes())
        #expect(try Scalar.reducing([UInt8](hex: Self.order)).bytes() == scalar(2).bytes())
        #expect(try Scalar.reducing([0xFE]).bytes() == scalar(0xFF).bytes())
    }

    @Test func `points add, negate and multiply`() throws {
        let (two, three) = (try scalar(2), try scalar(3))
        let g = try CurvePoint.generator(times: scalar(1))
        let sum = try g.plus(g).plus(g)
        #expect(try sum.encoded() == CurvePoint.generator(times: three).encoded())
        #expect(try sum.encoded() == g.times(three).encoded())
        #expect(try sum.plus(g.negated()).encoded() == g.times(two).encoded())
        let nothing = try g.plus(g.negated())
        #expect(nothing.isInfinity)
        #expect(throws: CurveError.point) { try nothing.encoded() }
        #expect(try nothing.times(two).isInfinity)
    }

    @Test func `multiplication agrees with swift-crypto`() throws {
        for _ in 0..<20 {
            let (a, b) = (
                PrivateKey.generate(.system, for: "a"), PrivateKey.generate(.system, for: "b")
            )
            let point = try CurvePoint.generator(times: Scalar(a.scalar))
            #expect(try point.encoded() == a.publicKey.bytes)
            let shared = try point.times(Scalar(b.scalar)).encoded()
            #expect(try Array(shared.dropFirst().prefix(32)) == b.sharedX(with: a.publicKey))
        }
    }

    @Test func `what is not a point on the curve is refused by both libraries`() throws {
        let good = try CurvePoint.generator(times: scalar(7)).encoded()
        let zero = [UInt8](repeating: 0, count: 32)
        let bad: [[UInt8]] = [
            [], [0], [4], [0x02] + good.dropFirst().prefix(32), [0x06] + good.dropFirst(),
            good.dropLast() + [(good.last ?? 0) ^ 1], good + [0], Array(good.dropLast()),
            [4] + zero + zero, [4] + (try [UInt8](hex: Self.prime)) + zero,
            [UInt8](repeating: 0, count: 65),
        ]
        for bytes in bad {
            #expect(throws: CurveError.point, "\(bytes.hex)") { try CurvePoint(bytes) }
            #expect(throws: CryptoError.point, "\(bytes.hex)") { try PublicKey(bytes) }
        }
    }
}
