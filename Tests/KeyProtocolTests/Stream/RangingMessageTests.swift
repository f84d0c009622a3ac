// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import Testing

@Suite struct RangingMessageTests {
    @Test func `ranging messages are read as they are written`() throws {
        let round = RangingRound(
            sessionId: [UInt8](1...8), number: 7, nonce: [UInt8](9...16), mac: [UInt8](17...24))
        let vehicle = VehicleID(uncheckedBytes: [UInt8](repeating: 0xAB, count: 8))
        let messages: [(RangingMessage, String)] = [
            (
                .start(vehicle, round),
                "02010024abababababababab" + "0102030405060708" + "00000007" + "090a0b0c0d0e0f10"
                    + "1112131415161718"
            ),
            (
                .challenge(round),
                "0202001c010203040506070800000007090a0b0c0d0e0f10" + "1112131415161718"
            ),
            (
                .response(round),
                "0203001c010203040506070800000007090a0b0c0d0e0f10" + "1112131415161718"
            ),
            (.end(nil), "0204000100"), (.end(.tooFar), "0204000101"),
            (.simulatedDistance(centimetres: 150), "027f00020096"),
        ]
        for (message, text) in messages {
            #expect(message.frame.encoded.hex == text)
            let frame = try StreamFrame(parsing: [UInt8](hex: text))
            #expect(try RangingMessage(parsing: frame) == message)
        }
        for reason in RangingReason.allCases {
            #expect(try RangingMessage(parsing: RangingMessage.end(reason).frame) == .end(reason))
            #expect(!reason.sentence.isEmpty)
        }
        #expect(
            try RangingMessage(parsing: StreamFrame(.ranging, 0x04, [0x77])) == .end(.unspecified))
    }

    @Test func `a ranging message of another size or id is refused`() throws {
        for id in UInt8.min...UInt8.max {
            for count in 0...48 {
                let frame = StreamFrame(.ranging, id, [UInt8](repeating: 1, count: count))
                let size: [UInt8: Int] = [1: 36, 2: 28, 3: 28, 4: 1, 0x7F: 2]
                guard size[id] != count else { continue }
                #expect(throws: ProtocolError.self) { try RangingMessage(parsing: frame) }
            }
        }
        #expect(throws: ProtocolError.range) {
            try RangingMessage(parsing: StreamFrame(.event, 0x04, [0]))
        }
    }

    @Test func `ranging keys print nothing and differ by direction, vehicle, session and secret`()
        throws
    {
        let vehicle = VehicleID(uncheckedBytes: [UInt8](repeating: 1, count: 8))
        let other = VehicleID(uncheckedBytes: [UInt8](repeating: 2, count: 8))
        let (secret, session) = ([UInt8](repeating: 3, count: 32), [UInt8](repeating: 4, count: 8))
        let keys = RangingKeys(ursk: SecretBytes(secret), vehicleId: vehicle, sessionId: session)
        let macs = [
            try keys.mac(of: [1], by: .car), try keys.mac(of: [1], by: .phone),
            try RangingKeys(ursk: SecretBytes(secret), vehicleId: other, sessionId: session)
                .mac(of: [1], by: .car),
            try RangingKeys(
                ursk: SecretBytes(secret), vehicleId: vehicle, sessionId: Array(secret.prefix(8))
            )
            .mac(of: [1], by: .car),
            try RangingKeys(
                ursk: SecretBytes(session + session), vehicleId: vehicle, sessionId: session
            )
            .mac(of: [1], by: .car),
        ]
        #expect(Set(macs).count == macs.count)
        #expect(macs.allSatisfy { $0.count == 8 })
        #expect("\(keys)" == "<redacted>")
        #expect(keys.isValid(macs[1], of: [1], by: .phone))
        #expect(!keys.isValid(macs[1], of: [1], by: .car))
        #expect(!keys.isValid([], of: [1], by: .car))
        // Fixed, so that other implementations can compare.
        #expect(macs[0].hex + macs[1].hex == "9b4ef8adcda539bd5f920f707f2278f6")
    }
}
