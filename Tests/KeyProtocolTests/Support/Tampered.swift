// SPDX-License-Identifier: Apache-2.0

import KeyProtocol

/// A phone whose answers are noted, or changed with the command in view.
struct Tampered<Phone: TestPhone>: TestPhone {
    var phone: Phone
    private(set) var answers: [[UInt8]] = []
    private let tamper: (CommandAPDU, [UInt8]) -> [UInt8]

    init(
        _ phone: Phone,
        _ tamper: @escaping (CommandAPDU, [UInt8]) -> [UInt8] = { _, answer in answer }
    ) {
        (self.phone, self.tamper) = (phone, tamper)
    }

    mutating func respond(to command: [UInt8]) -> [UInt8]? {
        guard let answer = phone.respond(to: command),
            let command = try? CommandAPDU(parsing: command)
        else { return nil }
        answers.append(tamper(command, answer))
        return answers.last
    }

    mutating func fieldLost() { phone.fieldLost() }
}

/// Says what was recorded, whatever it is asked.
struct Recording: TestPhone {
    var answers: [[UInt8]]

    mutating func respond(to command: [UInt8]) -> [UInt8]? {
        answers.isEmpty ? nil : answers.removeFirst()
    }

    mutating func fieldLost() {}
}
