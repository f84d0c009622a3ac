// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Testing

/// Bodies that were once published decode for ever, and lose nothing on the way back.
@Suite struct GoldenTests {
    @Test func `every body that was published decodes and encodes again`() throws {
        try check(PartnerRegistered.self)
        try check(TrackedKeyState.self)
        try check(KeyTracked.self)
        try check(KeyStateChanged.self)
        try check(OrderReceived.self)
        try check(DocumentConfirmed.self)
        try check(PairingFinished.self)
        try check(SharedKeyDecided.self)
        try check(RevocationOrdered.self)
        try check(RevocationAdvanced.self)
        try check(SignedVehicleDocument.self)
        try check(SignedVehicleReport.self)
        try check(MailboxTouched.self)
        try check(NotificationDelivered.self)
        try check(VehicleDocument.self)
        try check(VehicleReport.self)
        try check(KeyPass.self)
    }

    @Test func `members added by a later version are ignored`() throws {
        let body = #"{"vehicleId":"a1b2c3d4e5f60718","version":4,"addedLater":true}"#
        let event = try JSONDecoder().decode(DocumentConfirmed.self, from: Data(body.utf8))
        #expect(event.version == 4)
    }

    @Test(arguments: [
        #"{"vehicleId":"a1b2c3d4e5f607","version":4}"#,
        #"{"vehicleId":"zzb2c3d4e5f60718","version":4}"#,
        #"{"vehicleId":"a1b2c3d4e5f60718"}"#,
        #"{"vehicleId":"a1b2c3d4e5f60718","version":"4"}"#, "[]", "",
    ])
    func `a malformed body is refused`(body: String) {
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(DocumentConfirmed.self, from: Data(body.utf8))
        }
    }

    private func check<Body: Codable & Equatable>(_ type: Body.Type) throws {
        let file = Repository.root.appending(path: "Tests/ContractsTests/Golden/\(type).json")
        let golden = try Data(contentsOf: file)
        let body = try JSONDecoder().decode(type, from: golden)
        let again = try JSONEncoder().encode(body)
        #expect(try JSONDecoder().decode(type, from: again) == body)
        let before = try JSONSerialization.jsonObject(with: golden) as? NSDictionary
        let after = try JSONSerialization.jsonObject(with: again) as? NSDictionary
        #expect(before != nil && before == after, "\(type)")
    }
}

/// Where the repository is.
enum Repository {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
}
