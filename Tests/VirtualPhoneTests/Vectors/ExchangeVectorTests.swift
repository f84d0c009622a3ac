// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyProtocol
import TestKit
import Testing

@testable import VirtualPhone

@Suite("EXCHANGE vectors")
struct ExchangeVectorTests {
    @Test func `every sequence of commands answers and writes as recorded`() throws {
        for vector in try Vectors.file("exchange").cases {
            var mailboxes = try mailboxes(vector.inputs)
            var session = ExchangeSession()
            var notifications: [[UInt8]] = []
            for step in try vector.outputs.list("steps") {
                if step.optional("event") != nil {
                    session = ExchangeSession()
                    continue
                }
                let outcome = session.perform(
                    try step.hex("plain"), on: &mailboxes,
                    afterFast: try vector.inputs.bool("afterFast"))
                #expect(
                    outcome.response == (try step.hex("responsePlain")),
                    "\(vector.name): \(step)")
                notifications += outcome.notifications
            }
            let expected = try vector.outputs.list("notifications").map { try $0.hex() }
            #expect(notifications == expected, "\(vector.name)")
            #expect(
                mailboxes.bytes(of: .privateMailbox)
                    == (try vector.outputs.hex("privateAfter")), "\(vector.name)")
            #expect(
                mailboxes.bytes(of: .confidential)
                    == (try vector.outputs.hex("confidentialAfter")), "\(vector.name)")
        }
    }

    @Test func `a refused command answers its status and changes nothing`() throws {
        for negative in try Vectors.file("exchange").negatives {
            var mailboxes = try mailboxes(negative.input)
            let before = mailboxes
            var session = ExchangeSession()
            let outcome = session.perform(
                try negative.input.hex("plain"), on: &mailboxes,
                afterFast: try negative.input.bool("afterFast"))
            #expect(
                "status:" + outcome.response.dropFirst(2).hex == negative.expect,
                "\(negative.name)")
            #expect(outcome.response.prefix(2) == [0x00, 0x02], "\(negative.name)")
            #expect(mailboxes == before, "\(negative.name)")
        }
    }

    private func mailboxes(_ value: VectorValue) throws -> Mailboxes {
        Mailboxes(
            privateBytes: try value.hex("privateBefore"),
            confidentialBytes: try value.hex("confidentialBefore"))
    }
}
