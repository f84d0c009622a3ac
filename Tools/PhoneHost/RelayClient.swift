// SPDX-License-Identifier: Apache-2.0

internal import DeviceOEM
internal import Foundation
internal import Identifiers
internal import KeyCrypto
internal import ServiceKit

/// The wallet's side of a relay mailbox, wire-exact TIGRESS (SERVER 2.3, 2.4).
struct RelayClient: Sendable {
    let relay: Relay
    let client: OutboundClient
    let random: RandomSource

    /// Days an invitation lives: 48 h (SERVER 2.5).
    static let life: Int64 = 2 * 86_400

    /// Makes a mailbox with the first message in it; returns its URL.
    func create(
        _ content: RelayContent, claim: String, secret: [UInt8], until: Instant
    ) async throws -> String {
        let body = CreateBody(
            payload: try RelayPayload.seal(content, secret: secret, random: random),
            displayInformation: .init(
                title: "Car key", description: "You have been invited to use a car.",
                imageURL: relay.url + "/image.png"),
            mailboxConfiguration: .init(accessRights: "RWD", expiration: until.description))
        let base = relay.url.hasSuffix("/") ? String(relay.url.dropLast()) : relay.url
        let answer = try await call(
            "POST", base + "/v1/m", claim, "create", body: try JSONBody.encode(body))
        guard [200, 201].contains(answer.status),
            let link = try? JSONDecoder().decode(CreateAnswer.self, from: Data(answer.body)).urlLink
        else { throw PhoneHostError.relay(status: answer.status, operation: "open a mailbox") }
        return link
    }

    /// The present message.
    func read(_ mailbox: Mailbox) async throws -> RelayContent {
        let answer = try await call("POST", mailbox.url, mailbox.claim, nil, body: nil)
        try check(answer, "read the mailbox")
        guard let body = try? JSONDecoder().decode(ReadAnswer.self, from: Data(answer.body)) else {
            throw PhoneHostError.message("the mailbox holds no payload")
        }
        do throws(CryptoError) {
            return try body.payload.open(secret: mailbox.secretBytes)
        } catch {
            throw PhoneHostError.message(
                error == .mac
                    ? "the secret of the link does not open it"
                    : "it is no message about a car key")
        }
    }

    /// Replaces the message; `step` names the write, so that a repeat is one.
    func update(_ mailbox: Mailbox, _ content: RelayContent, step: String) async throws {
        let payload = try RelayPayload.seal(content, secret: mailbox.secretBytes, random: random)
        let answer = try await call(
            "PUT", mailbox.url, mailbox.claim, step,
            body: try JSONBody.encode(UpdateBody(payload: payload)))
        try check(answer, "write to the mailbox")
    }

    /// Removes the mailbox; one that is gone is fine.
    func delete(_ mailbox: Mailbox) async throws {
        let answer = try await call("DELETE", mailbox.url, mailbox.claim, "delete", body: nil)
        guard [200, 204, 404].contains(answer.status) else {
            throw PhoneHostError.relay(status: answer.status, operation: "delete the mailbox")
        }
    }

    private func check(_ answer: OutboundClient.Answer, _ operation: String) throws {
        switch answer.status {
        case 200, 201: return
        case 404: throw PhoneHostError.invitationGone
        case 401:
            throw PhoneHostError.link("another phone has taken it")
        default: throw PhoneHostError.relay(status: answer.status, operation: operation)
        }
    }

    private func call(
        _ method: String, _ url: String, _ claim: String, _ step: String?, body: [UInt8]?
    ) async throws -> OutboundClient.Answer {
        let id =
            step.map { Self.uuid(sha256(Array("\(claim) \($0)".utf8))) }
            ?? Self.uuid(random.bytes(16, for: "Mailbox-Request-ID"))
        var headers = [("Mailbox-Request-ID", id), ("Mailbox-Device-Claim", claim)]
        if body != nil { headers.append(("Content-Type", "application/json")) }
        do {
            return try await client.send(
                method, url, headers: headers, body: body,
                roots: relay.tlsRoot.flatMap { $0.isEmpty ? nil : Array($0.utf8) })
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw PhoneHostError.relayUnreachable(
                URLComponents(string: relay.url)?.host ?? relay.url)
        }
    }

    /// A version 4 UUID of 16 bytes or more, in lower case.
    static func uuid(_ bytes: [UInt8]) -> String {
        var reader = ByteReader(bytes)
        guard let a = try? reader.read(4), let b = try? reader.read(2),
            let c = try? reader.readInteger(UInt16.self),
            let d = try? reader.readInteger(UInt16.self), let e = try? reader.read(6)
        else { return UUID().uuidString.lowercased() }
        let version = (c & 0x0FFF | 0x4000).bigEndianBytes
        let variant = (d & 0x3FFF | 0x8000).bigEndianBytes
        return [a, b, version, variant, e].map(\.hex).joined(separator: "-")
    }
}

extension RelayClient {
    private struct Display: Encodable { let title, description, imageURL: String }
    private struct Configuration: Encodable { let accessRights, expiration: String }
    private struct CreateBody: Encodable {
        let payload: RelayPayload
        let displayInformation: Display
        let mailboxConfiguration: Configuration
    }
    private struct UpdateBody: Encodable { let payload: RelayPayload }
    private struct CreateAnswer: Decodable { let urlLink: String }
    private struct ReadAnswer: Decodable { let payload: RelayPayload }
}
