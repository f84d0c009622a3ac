// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
internal import HTTPTypes
public import Hummingbird
import Identifiers
import Logging
import NIOCore

/// What happens to every request of a listener before and after its route.
///
/// Names the request and its caller, takes the body in, gives the route its time, turns errors
/// into problems, adds headers, and leaves one log line and two metrics. The log has the route's
/// template only, since paths, queries, fragments and bodies may hold secrets.
public struct Edge: HTTPResponder {
    public typealias Context = ServiceContext

    let router: RouterResponder<ServiceContext>
    let options: Options
    let host: ServiceHost

    struct Options: Sendable {
        let listener: String
        let limits: HTTPLimits
        let style: ProblemStyle
        let isTLS: Bool
        let roots: ClientRoots?
        let takesRequestIds: Bool
        let echoes: @Sendable (Request) -> HTTPFields
    }

    public func respond(to request: Request, context: ServiceContext) async throws -> Response {
        let start = ContinuousClock.now
        var context = context
        identify(request, &context)
        var response: Response
        do {
            response = try await answer(request, context)
        } catch let problem as Problem {
            response = problem.response(requestId: context.requestId, style: options.style)
        } catch {
            response = ProblemMiddleware.problem(for: error, context)
                .response(requestId: context.requestId, style: options.style)
        }
        addHeaders(to: &response, request, context)
        record(request, response, context, took: ContinuousClock.now - start)
        return response
    }

    private func answer(_ request: Request, _ context: ServiceContext) async throws -> Response {
        var context = context
        if let roots = options.roots {
            guard let peer = try await roots.peer(of: context.channel) else {
                throw Problem(
                    .unauthorized, "CLIENT_CERT_UNKNOWN",
                    "the client certificate is not of a known partner any more")
            }
            context.peer = peer
        }
        let whole = try await collected(request)
        let (known, router) = (context, router)
        let late = Problem.unavailable("the answer took too long")
        return try await withDeadline(options.limits.deadline, else: late) {
            try await router.respond(to: whole, context: known)
        }
    }

    /// Takes the whole body in: bodies are small, and a handler that is given up on must never
    /// touch the connection again.
    private func collected(_ request: Request) async throws -> Request {
        let (body, limits) = (request.body, options.limits)
        let tooLarge = Problem(
            .contentTooLarge, "TOO_LARGE", "the body may have \(limits.body) bytes at most")
        if let text = request.headers[.contentLength], let length = Int(text),
            length > limits.body
        {
            throw tooLarge
        }
        let buffer = try await withThrowingTaskGroup(of: ByteBuffer?.self) { group in
            group.addTask {
                do {
                    return try await body.collect(upTo: limits.body)
                } catch is NIOTooManyBytesError {
                    throw tooLarge
                }
            }
            group.addTask {
                try await Task.sleep(for: limits.deadline)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        guard let buffer else {
            throw Problem(.requestTimeout, "REQUEST_TIMEOUT", "the body did not arrive in time")
        }
        var request = request
        request.body = RequestBody(buffer: buffer)
        return request
    }
}

extension Edge {
    private func identify(_ request: Request, _ context: inout ServiceContext) {
        context.requestId = givenId(request) ?? host.random.bytes(8, for: "request id").hex
        let given = options.takesRequestIds ? request.headers[.traceparent] : nil
        let parent = given.flatMap { TraceContext($0) }
        let trace = parent?.child(host.random) ?? TraceContext(random: host.random)
        context.trace = trace
        context.coreContext.parameters = Parameters()
        context.log = host.logger
        context.log[metadataKey: "request_id"] = .string(context.requestId)
        context.log[metadataKey: "trace_id"] = .string(trace.traceId)
    }

    /// A caller's own id, when it is short and plain enough for logs.
    private func givenId(_ request: Request) -> String? {
        guard options.takesRequestIds, let id = request.headers[.requestId],
            (1...64).contains(id.utf8.count),
            id.utf8.allSatisfy({
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0)
                    || (0x61...0x7A).contains($0) || $0 == 0x2D || $0 == 0x5F
            })
        else { return nil }
        return id
    }

    /// Headers that make browsers harmless; a handler's own values win.
    private func addHeaders(
        to response: inout Response, _ request: Request, _ context: ServiceContext
    ) {
        response.headers[.requestId] = context.requestId
        for field in options.echoes(request) { response.headers[field.name] = field.value }
        var defaults: HTTPFields = [
            .cacheControl: "no-store", .xContentTypeOptions: "nosniff",
            .referrerPolicy: "no-referrer",
            .contentSecurityPolicy: "default-src 'none'; frame-ancestors 'none'",
        ]
        if options.isTLS { defaults[.strictTransportSecurity] = "max-age=31536000" }
        for field in defaults where response.headers[field.name] == nil {
            response.headers.append(field)
        }
    }

    private func record(
        _ request: Request, _ response: Response, _ context: ServiceContext, took: Duration
    ) {
        let (seconds, attoseconds) = took.components
        let nanoseconds = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
        let known: Set<HTTPRequest.Method> = [.get, .post, .put, .patch, .delete, .head]
        let method = known.contains(request.method) ? request.method.rawValue : "other"
        let route = context.endpointPath ?? "NotFound"
        let labels = [("listener", options.listener), ("method", method), ("route", route)]
        Counter(
            label: "http_server_requests",
            dimensions: labels + [("status", "\(response.status.code)")], factory: host.metrics
        ).increment()
        Timer(label: "http_server_request_duration", dimensions: labels, factory: host.metrics)
            .recordNanoseconds(nanoseconds)
        context.log.log(
            level: options.listener == HTTPListener.adminName ? .debug : .info, "request",
            metadata: [
                "listener": .string(options.listener), "method": .string(method),
                "route": .string(route), "status": .stringConvertible(response.status.code),
                "duration_us": .stringConvertible(nanoseconds / 1000),
            ])
    }
}

extension HTTPField.Name {
    static var requestId: Self { known("x-request-id") }
    static var traceparent: Self { known("traceparent") }
    static var referrerPolicy: Self { known("referrer-policy") }

    private static func known(_ name: String) -> Self {
        // The names above are tokens, so the fallback is never taken.
        HTTPField.Name(name) ?? .server
    }
}
