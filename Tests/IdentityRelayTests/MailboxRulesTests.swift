// SPDX-License-Identifier: Apache-2.0

import Identifiers
import Testing

@testable import IdentityRelay

@Suite struct MailboxRulesTests {
    static let now = Instant(secondsSinceEpoch: 1_800_000_000)
    let alice: [UInt8] = [1]
    let bob: [UInt8] = [2]
    let eve: [UInt8] = [3]
    let payload = Payload(type: "AEAD_AES_128_GCM", data: "AAAA")

    func mailbox(_ rights: String = "RWD", bound: Bool = true) -> Mailbox {
        Mailbox(
            id: MailboxID(random: .system), payload: Payload(type: "x", data: "y"),
            display: DisplayInformation(title: "t", description: "d", imageURL: "i"),
            rights: AccessRights(known: rights), expiresAt: Self.now.adding(seconds: 60),
            initiator: Party(
                claim: alice, token: NotificationToken(type: "webhook", tokenData: "alice")),
            recipient: bound
                ? Party(claim: bob, token: NotificationToken(type: "webhook", tokenData: "bob"))
                : nil)
    }

    func call(
        _ claim: [UInt8]?, _ request: [UInt8] = [9], ifMatch: [String] = [], after: Int64 = 0
    ) -> Call {
        Call(
            claim: claim, request: request, ifMatch: ifMatch, now: Self.now.adding(seconds: after))
    }

    func refusal(_ verdict: Verdict) -> RelayError? {
        if case .refused(let error, _) = verdict { return error }
        return nil
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let who, rights: String
        let update, read, delete, relinquish: RelayError?
        var testDescription: String { "\(who) with \(rights)" }
    }

    /// Rights bind the recipient only; strangers get nothing at a bound mailbox.
    static let cases = [
        Case(
            who: "alice", rights: "", update: nil, read: nil, delete: nil, relinquish: .notRecipient
        ),
        Case(who: "bob", rights: "RWD", update: nil, read: nil, delete: nil, relinquish: nil),
        Case(who: "bob", rights: "RD", update: .right, read: nil, delete: nil, relinquish: nil),
        Case(who: "bob", rights: "RW", update: nil, read: nil, delete: .right, relinquish: nil),
        Case(who: "bob", rights: "WD", update: nil, read: .right, delete: nil, relinquish: nil),
        Case(
            who: "eve", rights: "RWD", update: .claim, read: .claim, delete: .claim,
            relinquish: .claim),
        Case(
            who: "nobody", rights: "RWD", update: .claim, read: .claim, delete: .claim,
            relinquish: .claim),
    ]

    @Test(arguments: cases)
    func `each side may do what the creator said`(row: Case) {
        let claims = ["alice": alice, "bob": bob, "eve": eve]
        let (mailbox, call) = (mailbox(row.rights), call(claims[row.who]))
        #expect(refusal(mailbox.update(payload, token: nil, by: call)) == row.update)
        #expect(refusal(mailbox.read(token: nil, by: call)) == row.read)
        #expect(refusal(mailbox.delete(by: call)) == row.delete)
        #expect(refusal(mailbox.relinquish(by: call)) == row.relinquish)
    }

    @Test func `the first reader with a claim of its own is bound, the creator is not`() throws {
        let free = mailbox(bound: false)
        guard case .done(let own, _) = free.read(token: nil, by: call(alice)) else {
            return #expect(Bool(false))
        }
        #expect(own.recipient == nil)
        guard case .done(let bound, _) = free.read(token: nil, by: call(bob)) else {
            return #expect(Bool(false))
        }
        #expect(bound.recipient?.claim == bob)
        #expect(refusal(bound.read(token: nil, by: call(eve))) == .claim)
        #expect(refusal(free.update(payload, token: nil, by: call(bob))) == .claim)
        #expect(refusal(mailbox("WD", bound: false).read(token: nil, by: call(bob))) == .right)
    }

    @Test func `writing wakes the other side, never the own`() {
        let woken = [alice, bob].map { who -> String? in
            guard case .done(_, let wake) = mailbox().update(payload, token: nil, by: call(who))
            else { return nil }
            return wake?.tokenData
        }
        #expect(woken == ["bob", "alice"])
        guard case .deleted(let wake) = mailbox().delete(by: call(bob)) else {
            return #expect(Bool(false))
        }
        #expect(wake?.tokenData == "alice")
    }

    @Test func `the same request again changes nothing, another one does`() {
        guard case .done(let once, _) = mailbox().update(payload, token: nil, by: call(alice))
        else {
            return #expect(Bool(false))
        }
        #expect(once.version == 2)
        #expect(
            once.update(payload, token: nil, by: call(alice)) == .repeated(once, .initiator))
        guard case .done(let twice, _) = once.update(payload, token: nil, by: call(alice, [8]))
        else { return #expect(Bool(false)) }
        #expect(twice.version == 3)
    }

    @Test func `a relinquished place is free, and the repeat is known`() {
        guard case .done(let free, _) = mailbox().relinquish(by: call(bob)) else {
            return #expect(Bool(false))
        }
        #expect(free.recipient == nil)
        #expect(free.relinquish(by: call(bob)) == .repeated(free, .recipient))
        guard case .done(let next, _) = free.read(token: nil, by: call(eve)) else {
            return #expect(Bool(false))
        }
        #expect(next.recipient?.claim == eve)
        #expect(refusal(next.read(token: nil, by: call(bob))) == .claim)
    }

    @Test func `twenty wrong claims lock the mailbox for fifteen minutes`() {
        var mailbox = mailbox()
        for _ in 0..<RelayLimits.wrongClaims {
            guard case .refused(.claim, let kept?) = mailbox.read(token: nil, by: call(eve)) else {
                return #expect(Bool(false))
            }
            mailbox = kept
        }
        #expect(refusal(mailbox.read(token: nil, by: call(bob))) == .locked(900))
        #expect(refusal(mailbox.delete(by: call(alice, after: 899))) == .locked(1))
        #expect(refusal(mailbox.read(token: nil, by: call(bob, after: 900))) == nil)
    }

    @Test(arguments: [
        ([], true), (["*"], true), (["\"1\""], true), (["\"2\"", "\"1\""], true),
        (["\"2\""], false), (["W/\"1\""], false), (["1"], false),
    ])
    func `a write on condition needs the version it names`(tags: [String], passes: Bool) {
        let update = mailbox().update(payload, token: nil, by: call(alice, ifMatch: tags))
        #expect((refusal(update) == nil) == passes)
        #expect(
            refusal(mailbox().delete(by: call(bob, ifMatch: tags))) == (passes ? nil : .changed))
    }

    @Test func `nothing kept of a claim links two mailboxes`() throws {
        let claim = try #require(DeviceClaim("2b8f1c1e-0000-4000-8000-000000000001"))
        let upper = try #require(DeviceClaim("2B8F1C1E-0000-4000-8000-000000000001"))
        let (first, second) = (MailboxID(random: .system), MailboxID(random: .system))
        #expect(claim.mark(at: first) != claim.mark(at: second))
        #expect(claim.mark(at: first) == upper.mark(at: first))
        #expect(!"\(claim)".contains("2b8f"))
    }

    @Test(arguments: [
        "", "x", "2b8f1c1e-0000-4000-8000-00000000000", "{2b8f1c1e-0000-4000-8000-0000000001}",
        "2b8f1c1e00004000800000000000000100000000", "2b8f1c1e-0000-4000-8000-00000000000g",
        "2b8f1c1e-0000-4000-800-0-000000000001", "2b8f1c1e-0000-4000-8000-0000-00000001",
    ])
    func `what is no UUID is none`(text: String) {
        #expect(MailboxID(text) == nil)
        #expect(DeviceClaim(text) == nil)
        #expect(RequestID(text) == nil)
    }
}
