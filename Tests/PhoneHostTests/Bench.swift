// SPDX-License-Identifier: Apache-2.0

import DeviceOEM
import Foundation
import Identifiers
import PKI
import PhoneHost
import ServiceKit
import TestKit

/// A device OEM that knows one automaker or none, and a folder for phones.
final class Bench {
    let folder: URL
    let maker: PhoneMaker
    let clock = WallClock.fixed(TestPKI.now)

    init(hasAutomaker: Bool = true) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "ph-\(UUID().uuidString)")
        maker = try PhoneMaker.open(
            folder.appending(path: "oem"), deviceOemId: "acme-phones", environment: "test",
            clock: clock)
        guard hasAutomaker else { return }
        try maker.importAutomaker(TestPKI().bundle(for: maker.pki.root.certificate))
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    var phones: URL { folder.appending(path: "phones") }

    func make(_ name: String) throws -> Phone {
        try Phone.make(name, in: phones, maker: maker, clock: clock)
    }

    func open(_ name: String, seconds: Int = 1) throws -> Phone {
        try Phone.open(name, in: phones, maker: maker, clock: clock, seconds: seconds)
    }
}
