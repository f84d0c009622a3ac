// SPDX-License-Identifier: Apache-2.0

import Contracts
import PKI
import PhoneHost
import TestKit
import Testing

/// The pass in the wallet of a phone that has a key, and the automaker's server.
@Suite struct PassTests {
    @Test func `a pass comes at a sync, follows its key also offline, and goes with it`()
        async throws
    {
        try await PassServer.run { server in
            #expect(try await server.shown() == nil)
            try server.answer(.pending)
            #expect(
                try await server.phones.sync("alice").done == [
                    "the wallet has the pass of the key for Roadster: pending"
                ])
            #expect(try await server.shown() == "pending")
            try server.answer(.active)
            #expect(try await server.phones.sync("alice").done.count == 1)
            #expect(try await server.phones.sync("alice").done == [], "nothing new")
            #expect(server.takeTags() == [nil, #"W/"PENDING""#, #"W/"ACTIVE""#])

            try await server.phones.lose("alice")
            #expect(try await server.shown() == "suspended")
            try await server.phones.lose("alice", false)
            #expect(try await server.shown() == "active")

            for (state, shown) in [
                (KeyPass.State.suspended, "suspended"), (.active, "active"), (.ended, "ended"),
            ] {
                try server.answer(state)
                let report = try await server.phones.sync("alice")
                #expect(report.done.count == 1 && report.failed.isEmpty)
                #expect(try await server.shown() == shown)
            }

            try server.answer(.active)
            _ = try await server.phones.sync("alice")
            try await server.phones.delete(server.key, of: "alice")
            #expect(try await server.shown() == nil)
            _ = server.takeTags()
            _ = try await server.phones.sync("alice")
            #expect(server.takeTags() == [], "nobody asks for the pass of a key that has ended")
        }
    }

    @Test func `a pass that is missing or refused stops nothing, and comes the next time`()
        async throws
    {
        try await PassServer.run { server in
            for code in [404, 405, 501] {
                server.answer(.status(code))
                let report = try await server.phones.sync("alice")
                #expect(report.waiting.isEmpty && report.failed.isEmpty, "\(code)")
                #expect(try await server.shown() == nil)
            }
            let other = try TestPKI(seed: "elsewhere").automaker.signature
            let refused: [() throws -> Void] = [
                { server.answer(.status(500)) }, { server.answer(.status(304)) },
                { server.answer(.pass("a.b.c", revision: "0")) },
                { try server.answer(.active, by: other) },
            ]
            for answer in refused {
                try answer()
                let report = try await server.phones.sync("alice")
                #expect(report.failed.isEmpty && report.waiting.count == 1, "\(report)")
                #expect(report.waiting.allSatisfy { !$0.contains("\n") })
                #expect(try await server.shown() == nil)
            }
            try server.answer(.active)
            _ = try await server.phones.sync("alice")
            try server.answer(.suspended, by: other)
            #expect(try await server.phones.sync("alice").waiting.count == 1)
            #expect(try await server.shown() == "active", "the one that was good stays")
            server.answer(.status(404))
            #expect(try await server.phones.sync("alice").done.count == 1)
            #expect(try await server.shown() == nil)
        }
    }
}
