// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import Hummingbird
import Messaging
import ServiceKit

/// TIGRESS v1 on HTTP (SERVER 2.3, 2.4): decode, ask the relay, encode.
struct MailboxRoutes: Sendable {
    let relay: Relay
    let polls: LongPolls
    let limiter: CreationLimiter
    let page: PreviewPage
    let publicURL: String

    func listener(
        at address: ListenAddress, host: ServiceHost, security: ListenerSecurity
    ) -> HTTPListener {
        // A client's own request id could link two mailboxes in the log.
        HTTPListener(
            "mailboxes", at: address, host: host, security: security,
            limits: HTTPLimits(
                body: RelayLimits.body, deadline: .seconds(RelayLimits.wait + 10)),
            takesRequestIds: false, echoes: \.mailboxEcho,
            problems: { Backbone.problem(for: $0) }, routes: add)
    }

    private func add(to router: Router<ServiceContext>) {
        router.post("v1/m", use: create)
        router.put("v1/m/{id}", use: update)
        router.delete("v1/m/{id}", use: delete)
        router.post("v1/m/{id}", use: read)
        router.patch("v1/m/{id}", use: relinquish)
        router.get("v1/m/{id}", use: preview)
    }

    private func create(_ request: Request, _ context: ServiceContext) async throws -> Response {
        let id = try request.requiredMailboxRequestId()
        let claim = try request.requiredDeviceClaim()
        let creation = try await context.decode(CreateBody.self, from: request)
            .creation(at: relay.host.clock.now)
        if try await !relay.isKnown(claim: claim, request: id) {
            try limiter.count(context.remoteAddress ?? "")
        }
        let answer = try await relay.create(creation, claim: claim, request: id)
        let body = CreateAnswer(
            urlLink: "\(publicURL)/v1/m/\(answer.mailbox.id)",
            isPushNotificationSupported: answer.mailbox.isPushSupported(for: .initiator))
        return try context.json(
            body, status: answer.status,
            headers: [.eTag: answer.mailbox.entityTag])
    }

    private func update(_ request: Request, _ context: ServiceContext) async throws -> Response {
        let call = try changing(request, context)
        let body = try await context.decode(UpdateBody.self, from: request)
        try body.check()
        let answer = try await relay.update(
            call, payload: body.payload, token: body.notificationToken)
        return try context.json(
            UpdateAnswer(
                isPushNotificationSupported: answer.mailbox.isPushSupported(for: answer.side)),
            status: answer.status, headers: [.eTag: answer.mailbox.entityTag])
    }

    private func read(_ request: Request, _ context: ServiceContext) async throws -> Response {
        let call = MailboxRequest(
            mailbox: mailbox(context), claim: request.deviceClaim,
            request: try request.mailboxRequestId())
        let token = try await readToken(request, context)
        guard let wait = try waitingTime(request), let id = call.mailbox else {
            return try content(of: try await relay.read(call, token: token).mailbox, context)
        }
        var known = request.entityTags(.ifNoneMatch)
        let changed = try await polls.wait(on: id, for: wait) { () -> Mailbox? in
            let mailbox = try await relay.read(call, token: token).mailbox
            defer { if known.isEmpty { known = [mailbox.entityTag] } }
            return known.isEmpty || known.contains(mailbox.entityTag) ? nil : mailbox
        }
        guard let changed else { return Response(status: .noContent) }
        return try content(of: changed, context)
    }

    private func delete(_ request: Request, _ context: ServiceContext) async throws -> Response {
        Response(status: try await relay.delete(try changing(request, context)).status)
    }

    private func relinquish(_ request: Request, _ context: ServiceContext) async throws -> Response
    {
        Response(status: try await relay.relinquish(try changing(request, context)).status)
    }

    private func preview(_ request: Request, _ context: ServiceContext) async throws -> Response {
        page.response(showing: try await relay.preview(mailbox(context)))
    }
}

extension Relay.Answer {
    fileprivate var status: HTTPResponse.Status { isRepeat ? .created : .ok }
}

extension MailboxRoutes {
    private func mailbox(_ context: ServiceContext) -> MailboxID? {
        context.parameters.get("id").flatMap { MailboxID($0) }
    }

    private func changing(_ request: Request, _ context: ServiceContext) throws -> MailboxRequest {
        MailboxRequest(
            mailbox: mailbox(context), claim: request.deviceClaim,
            request: try request.requiredMailboxRequestId(), ifMatch: request.entityTags(.ifMatch))
    }

    private func content(of mailbox: Mailbox, _ context: ServiceContext) throws -> Response {
        try context.json(ReadAnswer(mailbox), headers: [.eTag: mailbox.entityTag])
    }

    private func readToken(_ request: Request, _ context: ServiceContext) async throws
        -> NotificationToken?
    {
        let body = try await request.body.collect(upTo: RelayLimits.body)
        guard body.readableBytes > 0 else { return nil }
        let token = try await context.decode(ReadBody.self, from: request).notificationToken
        try token?.check()
        return token
    }

    private func waitingTime(_ request: Request) throws -> Duration? {
        guard let text = request.uri.queryParameters["wait"] else { return nil }
        guard let seconds = Int(text), (1...RelayLimits.wait).contains(seconds) else {
            throw RelayError.field("wait", "expected 1 to \(RelayLimits.wait) seconds")
        }
        return .seconds(seconds)
    }
}
