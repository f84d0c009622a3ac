// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
internal import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1

/// A service refused a call, or could not be reached; prints what it said.
public struct APIError: Error, CustomStringConvertible {
    /// The HTTP status; none when there was no answer.
    public let status: Int?
    /// A sentence for a person.
    public let description: String
}

/// Calls JSON interfaces on this machine and turns problems (RFC 9457) into readable errors.
public struct JSONClient: Sendable {
    let base: String
    let token: String?
    /// What to ask oneself when nobody answers.
    let hint: String

    /// Calls below `base` (`http://127.0.0.1:port`), with a bearer token when there is one.
    public init(
        _ base: String, token: String? = nil,
        hint: String = "is the stack up? see latchkey status"
    ) {
        self.base = base
        self.token = token
        self.hint = hint
    }

    /// Reads a resource.
    public func get<Answer: Decodable>(_ path: String, as: Answer.Type = Answer.self) async throws
        -> Answer
    {
        try Self.decode(await call("GET", path, body: nil))
    }

    /// Sends `body` and reads the answer.
    public func send<Answer: Decodable>(
        _ method: String, _ path: String, _ body: (some Encodable & Sendable)?,
        as: Answer.Type = Answer.self
    ) async throws -> Answer {
        try Self.decode(await call(method, path, body: body.map(JSONEncoder().encode)))
    }

    /// Sends `body` and ignores what the answer holds.
    public func send(_ method: String, _ path: String, _ body: (some Encodable & Sendable)?)
        async throws
    {
        _ = try await call(method, path, body: body.map(JSONEncoder().encode))
    }

    /// Sends nothing but the call itself.
    public func send(_ method: String, _ path: String) async throws {
        _ = try await call(method, path, body: nil)
    }

    private func call(_ method: String, _ path: String, body: Data?) async throws -> Data {
        var request = HTTPClientRequest(url: base + path)
        request.method = .init(rawValue: method)
        if let token { request.headers.add(name: "authorization", value: "Bearer \(token)") }
        if let body {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(ByteBuffer(data: body))
        }
        let status: Int
        let answer: Data
        do {
            let response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
            status = Int(response.status.code)
            answer = Data(buffer: try await response.body.collect(upTo: 1 << 20))
        } catch {
            throw APIError(
                status: nil, description: "no answer from \(base)\nhint: \(hint)")
        }
        guard (200..<300).contains(status) else { throw Self.problem(status, answer, path) }
        return answer
    }

    private struct Problem: Decodable {
        var title: String?
        var detail: String?
    }

    private static func problem(_ status: Int, _ body: Data, _ path: String) -> APIError {
        let problem = try? JSONDecoder().decode(Problem.self, from: body)
        let text = problem?.detail ?? problem?.title ?? "\(path) was refused"
        let hint =
            status < 500 ? "" : "\nhint: the logs say more; latchkey status names their folder"
        return APIError(status: status, description: "\(text) (\(status))\(hint)")
    }

    private static func decode<Answer: Decodable>(_ data: Data) throws -> Answer {
        do {
            return try JSONDecoder().decode(Answer.self, from: data)
        } catch {
            throw APIError(status: nil, description: "the answer could not be read: \(error)")
        }
    }
}
