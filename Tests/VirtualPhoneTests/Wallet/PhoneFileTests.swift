// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
import KeyProtocol
import PKI
import Testing

@testable import VirtualPhone

@Suite struct PhoneFileTests {
    /// A phone that paired over the air, so that every certificate is real.
    private func phone() throws -> PhoneCard {
        try JoinedCar.paired(TestWorld()).1
    }

    @Test func `a phone comes back from its file with its keys and mailboxes`() throws {
        let phone = try phone()
        let file = phone.snapshot.file(environment: "testing")
        let read = try JSONDecoder().decode(
            PhoneFile.self, from: JSONEncoder().encode(file))
        #expect(read == file)
        let snapshot = try PhoneCard.Snapshot(read)
        #expect(snapshot == phone.snapshot)
        #expect(!file.keys.isEmpty && !file.makers.isEmpty)
    }

    @Test func `a file prints no secret`() throws {
        let file = try phone().snapshot.file(environment: "testing")
        #expect("\(file)" == "<redacted>" && String(reflecting: file) == "<redacted>")
    }

    @Test func `keys and certificates that do not belong together are refused`() throws {
        var file = try phone().snapshot.file(environment: "testing")
        file.makers[0].instanceKey = file.keys[0].privateKey
        #expect(throws: PhoneError.self) { try PhoneCard.Snapshot(file) }
        file.makers = []
        file.keys[0].certificate = file.keys[0].vehicleCertificate
        #expect(throws: PhoneError.self) { try PhoneCard.Snapshot(file) }
    }
}
