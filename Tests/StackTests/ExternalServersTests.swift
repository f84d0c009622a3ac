// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Stack

@Suite struct ExternalServersTests {
    @Test(arguments: [
        ["LATCHKEY_KAFKA": "kafka"], ["LATCHKEY_KAFKA": "kafka:"], ["LATCHKEY_KAFKA": ":9092"],
        ["LATCHKEY_KAFKA": "a:9092,b"], ["LATCHKEY_KAFKA": "a:99999"],
        ["LATCHKEY_DATABASE": "latchkey"], ["LATCHKEY_DATABASE": "http://db/latchkey"],
    ])
    func `a setting that cannot work is named before anything starts`(variables: [String: String]) {
        let error = #expect(throws: StackError.self) { try ExternalServers(variables).check() }
        for name in variables.keys { #expect(error?.description.hasPrefix(name) == true) }
    }

    @Test(arguments: [
        [:], ["LATCHKEY_KAFKA": "", "LATCHKEY_DATABASE": ""],
        ["LATCHKEY_KAFKA": "a:9092,b:9092", "LATCHKEY_DATABASE": "postgresql://me@db/latchkey"],
        ["LATCHKEY_KAFKA": "tls://kafka:9093?ca=/pki/ca.pem"],
    ])
    func `servers that may be there are let pass`(variables: [String: String]) throws {
        try ExternalServers(variables).check()
    }
}
