// SPDX-License-Identifier: Apache-2.0

import DeviceOEM
import Foundation
import KeyProtocol
import PhoneHost
import TestKit
import Testing
import VirtualPhone

@Suite struct FileTests {
    @Test func `a phone made from a file is the same phone`() throws {
        let bench = try Bench()
        let alice = try bench.make("alice")
        let file = try alice.file()
        #expect(file.makers.map(\.name) == ["roadworks"])
        let again = try Phone.make(
            "again", from: file, in: bench.phones, maker: bench.maker, clock: bench.clock)
        #expect(again.card.snapshot == alice.card.snapshot)
        #expect(throws: PhoneHostError.phoneExists("again")) {
            try Phone.make("again", from: file, in: bench.phones, maker: bench.maker)
        }
    }

    @Test func `a file that cannot be used names the member, and not what is in it`() throws {
        let bench = try Bench()
        let file = try bench.make("alice").file()
        let changes: [(String, (inout PhoneFile) -> Void)] = [
            ("versions", { $0.versions = ["02"] }),
            ("makers[0]: rootKey", { $0.makers[0].rootKey = "5ec2e7" }),
            ("makers[0]: instanceKey", { $0.makers[0].instanceKey = "5ec2e7" }),
            (
                "makers[0]: instanceKey is not",
                { $0.makers[0].instanceCA = $0.makers[0].externalCA }
            ),
        ]
        for (member, change) in changes {
            var damaged = file
            change(&damaged)
            do {
                _ = try Phone.make("again", from: damaged, in: bench.phones, maker: bench.maker)
                Issue.record("\(member) was taken")
            } catch let error as PhoneError {
                #expect(error.sentence.contains("\(member)"), "\(error.sentence)")
                #expect(!error.sentence.contains("5ec2e7"))
            }
        }
    }

    @Test func `keys neither leave nor enter a phone of the environment production`() throws {
        let bench = try Bench()
        let file = try bench.make("alice").file()
        let maker = try PhoneMaker.open(
            bench.folder.appending(path: "real"), deviceOemId: "acme-phones",
            environment: "production", clock: bench.clock)
        let phones = bench.folder.appending(path: "real-phones")
        let phone = try Phone.make("bob", in: phones, maker: maker, clock: bench.clock)
        let refusal = PhoneHostError.bench(BenchMaterial.refusal(in: "production"))
        #expect(throws: refusal) { try phone.file() }
        #expect(throws: refusal) {
            try Phone.make("carol", from: file, in: phones, maker: maker, clock: bench.clock)
        }
    }
}
