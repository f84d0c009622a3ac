// SPDX-License-Identifier: Apache-2.0

import Contracts
import TestKit
import Testing
import VirtualPhone

@testable import PCSC

/// What the limits of a reader mean for a phone, which takes the classes 00, 80 and 84 alone.
@Suite struct ReaderProfileTests {
    private static let classes: Set<UInt8> = [0x00, 0x80, 0x84]

    @Test(arguments: ["pairing-trace", "friend-trace"])
    func `every profile takes every command and answer whole`(trace: String) throws {
        for vector in try Vectors.file(trace).cases {
            for exchange in try vector.outputs.list("apdus") {
                // The others are notes such as "field reset".
                guard let command = try exchange.optional("command")?.hex() else { continue }
                let response = try exchange.hex("response")
                #expect(Self.classes.contains(command[0]))
                for profile in ReaderProfile.all {
                    #expect(command.count <= profile.maximumCommand, "\(profile.name)")
                    #expect(response.count <= profile.maximumResponse, "\(profile.name)")
                }
            }
        }
    }

    @Test func `a phone does not announce that it joins commands`() throws {
        #expect(ReaderFrame.atr == VirtualCard.atr)
        let answer = try #require(AnswerToReset(ReaderFrame.atr))
        #expect(answer.announcesChaining == false)
    }

    @Test func `a reader that is too short pairs no phone and sends it no part of a command`()
        async throws
    {
        let short = ReaderProfile(
            name: "short", maximumCommand: 100, maximumResponse: 258, announcement: nil)
        try await TestGateway.run(profile: short) { gateway in
            let phone = try gateway.car.phone()
            try await gateway.apply(gateway.car.document(1, pairing: "pairing-1"))
            try phone.enterPairingMode()
            let entry = try await gateway.tap(phone, at: TestCar.dashboardName)
            #expect(entry.outcome != "paired")
            #expect(entry.text.contains("a command was too long for the reader"))
            #expect(!phone.received.isEmpty)
            #expect(phone.received.allSatisfy { $0.count <= 100 })
            #expect(phone.received.allSatisfy { Self.classes.contains($0[0]) })
        }
    }
}
