// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyProtocol
import Testing

@testable import PhoneHost

@Suite struct TapSessionTests {
    private let select = ApplicationID.framework.select.encoded
    private let resetFollows = OPControlFlow.fieldResetFollows.command.encoded

    /// Seconds the phone goes on waiting after `commands` and a loss of field.
    private func patience(after commands: [[UInt8]], then next: [UInt8]? = nil) -> Double {
        let trace = TapTrace(
            header: .init(
                side: .phone, environment: "test", name: "alice",
                at: Instant(secondsSinceEpoch: 0)))
        var session = TapSession(isPairing: true, timeout: .seconds(300), trace: trace)
        for command in commands {
            session.commandCame()
            session.steer(command)
        }
        session.letGo()
        if next != nil { session.commandCame() }
        return (session.nextLook - .now) / .seconds(1)
    }

    @Test func `a car has a minute for the field reset that it announced`() {
        #expect((55...60).contains(patience(after: [select, resetFollows])))
    }

    @Test func `the reset is over with the next command`() {
        #expect((3...5).contains(patience(after: [select, resetFollows], then: select)))
    }

    @Test func `a field that is lost unannounced gives no more time`() {
        #expect((3...5).contains(patience(after: [select])))
    }
}
