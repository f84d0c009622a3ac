// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Identifiers
import ServiceKit
import Testing

private struct Order: Codable, Equatable {
    struct Item: Codable, Equatable { var count: Int }
    var name: String
    var items: [Item]
    var at: Instant?
}

private struct Unforeseen: Error {}
private struct Sold: ProblemConvertible {
    var problem: Problem { Problem(.conflict, "SOLD", "somebody was faster") }
}

@Suite struct HTTPTests {
    private func listener(
        style: ProblemStyle = .plain, takesRequestIds: Bool = true
    ) -> HTTPListener {
        HTTPListener(
            "api", at: ListenAddress(host: "127.0.0.1", port: 0),
            host: ServiceHost(service: "sample"),
            limits: HTTPLimits(body: 1000, deadline: .milliseconds(300)), style: style,
            takesRequestIds: takesRequestIds,
            problems: { $0 is CocoaError ? .unavailable("no file") : nil }
        ) { router in
            router.post("orders") { request, context in
                try context.json(try await context.decode(Order.self, from: request))
            }
            router.get("orders/{id}") { _, context -> Response in
                let id = try context.parameter("id") { Int($0) }
                return try context.json(["id": id])
            }
            router.get("slow") { _, _ -> Response in
                try? await Task.sleep(for: .seconds(20))
                return Response(status: .ok)
            }
            router.get("stuck") { _, _ -> Response in
                // Does not notice its cancellation, as a blocking driver would not.
                await withCheckedContinuation { continuation in
                    DispatchQueue.global().asyncAfter(deadline: .now() + 2) {
                        continuation.resume()
                    }
                }
                return Response(status: .ok)
            }
            router.get("unforeseen") { _, _ -> Response in throw Unforeseen() }
            router.get("sold") { _, _ -> Response in throw Sold() }
            router.get("file") { _, _ -> Response in throw CocoaError(.fileNoSuchFile) }
            router.get("trace") { _, context -> Response in
                try context.json(["traceparent": context.traceparent ?? ""])
            }
        }
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var method = HTTPRequest.Method.get
        var path: String
        var type: String? = "application/json"
        var body: String?
        var status: Int
        var code: String
        var field: String?
        var testDescription: String { "\(method) \(path) \(body?.prefix(40) ?? "") \(code)" }
    }

    static let refusals = [
        Refusal(path: "/nothing", status: 404, code: "NOT_FOUND"),
        Refusal(path: "/orders/seven", status: 404, code: "NOT_FOUND"),
        Refusal(method: .delete, path: "/orders", status: 405, code: "METHOD_NOT_ALLOWED"),
        Refusal(method: .put, path: "/orders/1", status: 405, code: "METHOD_NOT_ALLOWED"),
        Refusal(path: "/slow", status: 503, code: "DEPENDENCY"),
        Refusal(path: "/stuck", status: 503, code: "DEPENDENCY"),
        Refusal(path: "/unforeseen", status: 500, code: "INTERNAL"),
        Refusal(path: "/sold", status: 409, code: "SOLD"),
        Refusal(path: "/file", status: 503, code: "DEPENDENCY"),
        order("{}", 415, "UNSUPPORTED_MEDIA_TYPE", type: "text/plain"),
        order("{}", 415, "UNSUPPORTED_MEDIA_TYPE", type: nil),
        order("", 400, "MALFORMED"),
        order("{", 400, "MALFORMED"),
        order("\u{FF}", 400, "MALFORMED"),
        order("[]", 400, "MALFORMED", "(whole body)"),
        order("{}", 400, "FIELD_MISSING", "name"),
        order(#"{"name":null,"items":[]}"#, 400, "FIELD_MISSING", "name"),
        order(#"{"name":"a","items":[{}]}"#, 400, "FIELD_MISSING", "items[0].count"),
        order(#"{"name":"a","items":[{"count":"x"}]}"#, 400, "MALFORMED", "items[0].count"),
        order(#"{"name":"a","items":{}}"#, 400, "MALFORMED", "items"),
        order(#"{"name":"a","items":[],"at":"noon"}"#, 400, "MALFORMED", "at"),
        order(String(repeating: " ", count: 1001), 413, "TOO_LARGE"),
    ]

    private static func order(
        _ body: String, _ status: Int, _ code: String, _ field: String? = nil,
        type: String? = "application/json"
    ) -> Refusal {
        Refusal(
            method: .post, path: "/orders", type: type, body: body, status: status, code: code,
            field: field)
    }

    @Test(arguments: refusals)
    func `every refusal is a problem that a person can read`(refusal: Refusal) async throws {
        try await listener().application.test(.router) { client in
            var headers: HTTPFields = [:]
            headers[.contentType] = refusal.type
            try await client.execute(
                uri: refusal.path, method: refusal.method, headers: headers,
                body: refusal.body.map { ByteBuffer(string: $0) }
            ) { response in
                #expect(response.status.code == refusal.status)
                #expect(response.headers[.contentType] == "application/problem+json")
                let problem = try problem(response)
                #expect(problem["subStatusCode"] as? String == refusal.code)
                #expect(problem["status"] as? Int == refusal.status)
                #expect((problem["type"] as? String)?.hasPrefix("urn:latchkey:problem:") == true)
                #expect((problem["detail"] as? String)?.isEmpty == false)
                let name = try #require(HTTPField.Name("x-request-id"))
                #expect(problem["requestId"] as? String == response.headers[name])
                let fields = problem["errors"] as? [[String: Any]]
                #expect(fields?.first?["field"] as? String == refusal.field)
                #expect(problem["responseHeader"] == nil)
            }
        }
    }

    @Test func `a partner finds the common response header in refusals`() async throws {
        try await listener(style: .partner).application.test(.router) { client in
            try await client.execute(uri: "/sold", method: .get) { response in
                let header = try problem(response)["responseHeader"] as? [String: String]
                #expect(header == ["statusCode": "409", "subStatusCode": "SOLD"])
            }
        }
    }

    @Test func `answers carry headers that make browsers harmless`() async throws {
        try await listener().application.test(.router) { client in
            try await client.execute(uri: "/orders/1", method: .get) { response in
                #expect(response.status == .ok)
                #expect(String(buffer: response.body) == #"{"id":1}"#)
                #expect(response.headers[.cacheControl] == "no-store")
                #expect(response.headers[.xContentTypeOptions] == "nosniff")
                #expect(
                    response.headers[.contentSecurityPolicy]?.hasPrefix("default-src 'none'")
                        == true)
                #expect(response.headers[.strictTransportSecurity] == nil)
            }
            try await client.execute(uri: "/orders", method: .delete) { response in
                #expect(response.headers[.allow] == "POST")
            }
        }
    }

    @Test(arguments: [("order-7", true, true), ("order-7", false, false), ("a b", true, false)])
    func `a plain request id of the caller is kept where that is wanted`(
        id: String, takes: Bool, kept: Bool
    ) async throws {
        try await listener(takesRequestIds: takes).application.test(.router) { client in
            let name = try #require(HTTPField.Name("x-request-id"))
            try await client.execute(uri: "/orders/1", method: .get, headers: [name: id]) {
                #expect(($0.headers[name] == id) == kept)
            }
        }
    }

    @Test func `the trace of the caller goes on`() async throws {
        let given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        try await listener().application.test(.router) { client in
            let name = try #require(HTTPField.Name("traceparent"))
            try await client.execute(uri: "/trace", method: .get, headers: [name: given]) {
                let text = String(buffer: $0.body)
                #expect(text.contains("4bf92f3577b34da6a3ce929d0e0e4736"))
                #expect(!text.contains("00f067aa0ba902b7"))
            }
        }
    }

    private func problem(_ response: TestResponse) throws -> [String: Any] {
        let json = try JSONSerialization.jsonObject(with: Data(response.body.readableBytesView))
        return try #require(json as? [String: Any])
    }
}
