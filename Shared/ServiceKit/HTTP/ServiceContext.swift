// SPDX-License-Identifier: Apache-2.0

public import HTTPTypes
public import Hummingbird
public import Logging
internal import NIOCore

/// What handlers know about the request they answer.
public struct ServiceContext: RequestContext {
    public var coreContext: CoreRequestContextStorage
    /// Names the request in logs and in the header `x-request-id`.
    public internal(set) var requestId = ""
    /// W3C trace context of this step; pass `description` on to events and calls out.
    public internal(set) var trace: TraceContext?
    /// Who called, on a listener with mutual TLS; none elsewhere.
    public internal(set) var peer: PeerCertificate?
    /// Logs with the request id and the trace id; use this, not `logger`.
    public internal(set) var log: Logger
    let channel: any Channel

    public init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
        log = source.logger
    }

    /// The address of the other end of the connection, without port; none in tests.
    public var remoteAddress: String? { channel.remoteAddress?.ipAddress }

    /// Whether the caller is on this machine.
    public var isFromLoopback: Bool {
        switch channel.remoteAddress {
        case .none, .unixDomainSocket: true
        case .v4, .v6:
            remoteAddress == "::1" || remoteAddress?.hasPrefix("127.") == true
                || remoteAddress?.hasPrefix("::ffff:127.") == true
        }
    }

    /// The header `traceparent` for calls out and events.
    public var traceparent: String? { trace?.description }

    /// Answers with `value` as JSON.
    public func json(
        _ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) throws -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(
            status: status, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try JSONBody.encode(value))))
    }

    /// Reads the body as JSON; refusals name the field (415, 400).
    public func decode<Value: Decodable>(_ type: Value.Type = Value.self, from request: Request)
        async throws -> Value
    {
        try JSONBody.checkType(of: request)
        let body = try await request.body.collect(upTo: .max)
        return try JSONBody.decode(type, from: Array(body.readableBytesView))
    }

    /// The path parameter `name`, parsed; 404 when it does not parse, as if nothing were there.
    public func parameter<Value>(
        _ name: String, unknown code: String = "NOT_FOUND", parse: (String) throws -> Value?
    ) throws -> Value {
        guard let text = parameters.get(name), let value = try? parse(text) else {
            throw Problem(.notFound, code, "no such \(name)")
        }
        return value
    }
}
