// SPDX-License-Identifier: Apache-2.0

import Identifiers
@testable import KeyCrypto
import TestKit
import Testing

struct SecureChannelVectorTests {
    @Test func `car and phone make the wire bytes of every step`() throws {
        for vector in try Vectors.file("secure-channel").cases {
            let keys = try vector.inputs.channelKeys()
            let counter = try vector.inputs.integer("startCounter")
            var car = SecureChannel(keys: keys, counter: counter)
            var phone = SecureChannel(keys: keys, counter: counter)
            for step in try vector.outputs.list("steps") {
                switch try step.text("kind") {
                case "command":
                    let wire = try car.sealCommand(step.hex("plain"))
                    #expect(try wire == step.hex("wire"), "\(vector.name) \(step)")
                    #expect(try phone.openCommand(wire) == step.hex("plain"))
                case "response":
                    let wire = try phone.sealResponse(step.hex("plain"))
                    #expect(try wire == step.hex("wire"), "\(vector.name) \(step)")
                    #expect(try car.openResponse(wire) == step.hex("plain"))
                case "getresponse":
                    try car.passCommand()
                    try phone.passCommand()
                case let kind: Issue.record("unknown step \(kind)")
                }
                guard try step.integer("counter") < 255 else { continue }
                #expect(try car.chainingValue == step.hex("mcv"), "\(vector.name) \(step)")
                #expect(try phone.chainingValue == step.hex("mcv"), "\(vector.name) \(step)")
            }
        }
    }

    @Test func `what was changed on the way is refused`() throws {
        for negative in try Vectors.file("secure-channel").negatives {
            let input = negative.input
            var channel = SecureChannel(
                keys: try input.channelKeys(), counter: try input.integer("startCounter"))
            let actual = try refusal {
                switch try input.text("receiver") {
                case "command":
                    for prior in try input.list("prior") {
                        _ = try channel.openCommand(prior.hex())
                        _ = try channel.sealResponse([])
                    }
                    _ = try channel.openCommand(input.hex("data"))
                case "response":
                    _ = try channel.sealCommand(input.hex("command"))
                    _ = try channel.openResponse(input.hex("data"))
                default: _ = try channel.sealCommand([])
                }
            }
            #expect(negative.complaint(about: actual) == nil)
            #expect(channel.isClosed)
        }
    }
}
