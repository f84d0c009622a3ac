// SPDX-License-Identifier: Apache-2.0

import DeviceOEM
import Foundation
import Identifiers
import KeyProtocol
import PKI
import TestKit
import Testing

@Suite struct BundleTests {
    @Test func `a whole bundle is imported and is there for the next process`() throws {
        let partners = try Partners()
        let data = try partners.json(partners.bundle())
        #expect(try partners.maker.importAutomaker(data).server == "https://127.0.0.1:9")
        let again = try PhoneMaker.open(partners.folder, clock: partners.clock)
        #expect(try again.automakers().map(\.vehicleOemId) == ["roadworks"])
        #expect(try again.automakers().map(\.readerMake?.description) == ["A1F"])
        #expect(again.pki.root.certificate == partners.maker.pki.root.certificate)
    }

    @Test(arguments: ["missing", "null", "empty"])
    func `members beyond the mandatory six may be`(_ kind: String) throws {
        let partners = try Partners()
        var members = try partners.bundle()
        for name in ["intermediates", "server", "tlsRoot", "readerMake"] {
            switch kind {
            case "missing": members[name] = nil
            case "null": members[name] = NSNull()
            default: members[name] = ""
            }
        }
        members["somethingOfTheirOwn"] = ["a": 1]
        let automaker = try partners.maker.importAutomaker(partners.json(members))
        #expect(automaker.intermediates.isEmpty)
        #expect(automaker.server == nil)
        #expect(automaker.tlsRoot == nil)
        #expect(automaker.readerMake == nil)
    }

    @Test(arguments: [
        "environment", "vehicleOemId", "root", "externalCA", "encryption", "signature",
    ])
    func `a bundle without a mandatory member is refused by its name`(_ name: String) throws {
        let partners = try Partners()
        for value in [nil, "", NSNull()] as [Any?] {
            var members = try partners.bundle()
            members[name] = value
            #expect(throws: DeviceOEMError.bundle("the member \(name) is missing")) {
                try partners.maker.importAutomaker(partners.json(members))
            }
        }
    }

    @Test func `a bundle that does not fit is refused`() throws {
        let partners = try Partners()
        let stranger = try TestPKI(seed: "stranger")
        let whole = try partners.bundle()
        let wrong: [(String, Any)] = [
            ("root", stranger.automaker.root.certificate.pem),
            ("root", partners.maker.pki.root.certificate.pem),
            ("externalCA", stranger.externalCA.pem),
            (
                "externalCA",
                try partners.automaker.externalCA(
                    for: stranger.deviceOEM.root.certificate, from: TestPKI.start, random: .system
                ).pem
            ),
            ("encryption", partners.automaker.signature.certificate.pem),
            ("encryption", stranger.automaker.encryption.certificate.pem),
            ("signature", stranger.automaker.signature.certificate.pem),
            ("signature", "no PEM"), ("intermediates", ["no PEM"]),
            ("intermediates", [stranger.automaker.intermediate.certificate.pem]),
            ("server", "http://automaker.example"), ("server", "automaker"), ("tlsRoot", "no PEM"),
            ("readerMake", "FFFF"), ("readerMake", "one"),
            ("root", 7),
        ]
        for (name, value) in wrong {
            var members = whole
            members[name] = value
            let error = #expect(throws: DeviceOEMError.self, "\(name): \(value)") {
                try partners.maker.importAutomaker(partners.json(members))
            }
            guard case .bundle = error else {
                Issue.record("\(name) was refused with \(String(describing: error))")
                continue
            }
        }
        for text in ["", "[]", "{", String(repeating: " ", count: 2 << 20)] {
            #expect(throws: DeviceOEMError.self) {
                try partners.maker.importAutomaker(Data(text.utf8))
            }
        }
        #expect(try partners.maker.automakers().isEmpty)
    }

    @Test func `a bundle of another environment is refused`() throws {
        let partners = try Partners()
        var members = try partners.bundle()
        members["environment"] = "production"
        #expect(throws: DeviceOEMError.environment(theirs: "production", ours: "test")) {
            try partners.maker.importAutomaker(partners.json(members))
        }
    }

    @Test func `a folder keeps its name`() throws {
        let partners = try Partners()
        #expect(throws: DeviceOEMError.otherIdentity(present: "acme-phones")) {
            try PhoneMaker.open(partners.folder, deviceOemId: "other")
        }
        #expect(throws: DeviceOEMError.otherEnvironment(present: partners.maker.environment)) {
            try PhoneMaker.open(partners.folder, environment: "elsewhere")
        }
        #expect(throws: DeviceOEMError.badName("a/b")) {
            try PhoneMaker.open(partners.folder.appending(path: "x"), deviceOemId: "a/b")
        }
    }
}
