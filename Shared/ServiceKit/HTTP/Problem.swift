// SPDX-License-Identifier: Apache-2.0

public import HTTPTypes
internal import Hummingbird

/// An error as a caller reads it, RFC 9457 `application/problem+json`.
///
/// ```
/// { "type": "urn:latchkey:problem:key-unknown", "title": "Not Found", "status": 404,
///   "detail": "no key with this id", "subStatusCode": "KEY_UNKNOWN", "requestId": "…",
///   "errors": [{ "field": "keyID", "reason": "…" }] }
/// ```
/// On the partner listener the common response header of SERVER 1.2 is added.
public struct Problem: Error, Sendable {
    /// What is wrong with one member of the body.
    public struct Field: Codable, Hashable, Sendable {
        public var field: String
        public var reason: String

        public init(field: String, reason: String) {
            self.field = field
            self.reason = reason
        }
    }

    /// The HTTP status.
    public var status: HTTPResponse.Status
    /// Our word for it, upper case with `_` (SERVER 1.9); a stable part of the interface.
    public var code: String
    /// A sentence for a person; holds no secret.
    public var detail: String
    /// The members at fault.
    public var fields: [Field]
    /// Extra headers, such as `Retry-After`.
    public var headers: HTTPFields

    /// A problem.
    public init(
        _ status: HTTPResponse.Status, _ code: String, _ detail: String, fields: [Field] = [],
        headers: HTTPFields = [:]
    ) {
        self.status = status
        self.code = code
        self.detail = detail
        self.fields = fields
        self.headers = headers
    }

    /// Something needed does not answer; the caller may try again after `seconds`.
    public static func unavailable(_ detail: String, retryAfter seconds: Int = 1) -> Problem {
        Problem(
            .serviceUnavailable, "DEPENDENCY", detail, headers: [.retryAfter: "\(seconds)"])
    }
}

/// An error of a domain that knows how a caller should read it.
public protocol ProblemConvertible: Error {
    /// The same as a problem.
    var problem: Problem { get }
}

/// How problems and answers are framed on one listener.
public enum ProblemStyle: Sendable {
    /// RFC 9457 only.
    case plain
    /// With `responseHeader {statusCode, subStatusCode}` (SERVER 1.2).
    case partner
}

extension Problem {
    private struct Body: Encodable {
        struct ResponseHeader: Encodable { let statusCode, subStatusCode: String }
        let type: String
        let title: String
        let status: Int
        let detail: String
        let subStatusCode: String
        let requestId: String
        let errors: [Field]?
        let responseHeader: ResponseHeader?
    }

    /// The answer to the request `requestId`.
    func response(requestId: String, style: ProblemStyle) -> Response {
        let word = code.lowercased().replacing("_", with: "-")
        let header = Body.ResponseHeader(statusCode: "\(status.code)", subStatusCode: code)
        let body = Body(
            type: "urn:latchkey:problem:\(word)", title: status.reasonPhrase, status: status.code,
            detail: detail, subStatusCode: code, requestId: requestId,
            errors: fields.isEmpty ? nil : fields,
            responseHeader: style == .partner ? header : nil)
        var headers = headers
        headers[.contentType] = "application/problem+json"
        // A body of strings and numbers always encodes; without it the status still speaks.
        let bytes = (try? JSONBody.encode(body)) ?? []
        return Response(
            status: status, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
