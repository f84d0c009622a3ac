// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyProtocol
import TestKit
import Testing

/// The codec of EXCHANGE: what the phone accepts, and the car's builder for the same commands.
struct ExchangeVectorTests {
    private func rules(_ input: VectorValue, sessionIsOpen: Bool = false) throws
        -> ExchangeCommand.Rules
    {
        ExchangeCommand.Rules(
            afterFast: try input.bool("afterFast"), sessionIsOpen: sessionIsOpen,
            privateSize: try input.hex("privateBefore").count,
            confidentialSize: try input.hex("confidentialBefore").count)
    }

    @Test func `every step has the status of the vectors`() throws {
        for vector in try Vectors.file("exchange").cases {
            var isOpen = false
            for step in try vector.outputs.list("steps") {
                guard let plain = try step.optional("plain")?.hex() else {
                    isOpen = false
                    continue
                }
                let expected = try Array(step.hex("responsePlain").suffix(2))
                var status = ExchangeStatus.done
                do {
                    let command = try ExchangeCommand(
                        parsing: plain, rules: rules(vector.inputs, sessionIsOpen: isOpen))
                    isOpen = command.atomic == .more
                    let response = try ExchangeResponse(
                        parsing: step.hex("responsePlain"), to: command)
                    #expect(try response.encoded == step.hex("responsePlain"))
                    // Containers without an operation are read and not written.
                    guard !command.encoded.isEmpty else { continue }
                    #expect(
                        try ExchangeCommand(
                            parsing: command.encoded, rules: rules(vector.inputs)) == command)
                } catch let error as ExchangeStatus {
                    status = error
                    isOpen = false
                }
                #expect(
                    [UInt8(status.rawValue >> 8), UInt8(status.rawValue & 0xFF)] == expected,
                    "\(vector.name)")
            }
        }
    }

    @Test func `every refusal has the status of the vectors`() throws {
        for negative in try Vectors.file("exchange").negatives {
            let number = try #require(UInt16(negative.expect.suffix(4), radix: 16))
            let expected = try #require(ExchangeStatus(rawValue: number))
            #expect(throws: expected, "\(negative.name)") {
                try ExchangeCommand(
                    parsing: negative.input.hex("plain"), rules: rules(negative.input))
            }
        }
    }

    @Test func `a bad range in the first operation comes before a fault in the second`() throws {
        let rules = ExchangeCommand.Rules(
            afterFast: false, sessionIsOpen: false, privateSize: 64, confidentialSize: 32)
        #expect(throws: ExchangeStatus.outOfRange) {
            try ExchangeCommand(parsing: [UInt8](hex: "8704004000018a020000"), rules: rules)
        }
        #expect(throws: ExchangeStatus.malformed) {
            try ExchangeCommand(parsing: [UInt8](hex: "8a0200008704004000018a"), rules: rules)
        }
    }

    @Test func `reads that do not fit one response are out of range`() throws {
        let rules = ExchangeCommand.Rules(
            afterFast: false, sessionIsOpen: false, privateSize: 1024, confidentialSize: 128)
        let fits = ExchangeCommand([.init(.privateMailbox, .read(offset: 0, length: 233))])
        let over = ExchangeCommand([.init(.privateMailbox, .read(offset: 0, length: 234))])
        #expect(try ExchangeCommand(parsing: fits.encoded, rules: rules) == fits)
        #expect(throws: ExchangeStatus.outOfRange) {
            try ExchangeCommand(parsing: over.encoded, rules: rules)
        }
    }
}
