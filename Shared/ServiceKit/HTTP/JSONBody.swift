// SPDX-License-Identifier: Apache-2.0

import Foundation
public import Hummingbird

/// JSON of requests and answers: refusals that name the field, answers with sorted members.
public enum JSONBody {
    /// Encodes with sorted members and plain slashes, so that equal values give equal bytes.
    public static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(value))
    }

    /// Decodes a body; throws a `Problem` with the field and the reason.
    public static func decode<Value: Decodable>(_ type: Value.Type, from body: [UInt8]) throws
        -> Value
    {
        do {
            return try JSONDecoder().decode(type, from: Data(body))
        } catch let error as DecodingError {
            throw problem(for: error)
        }
    }

    /// Throws 415 unless the body is declared as JSON.
    public static func checkType(of request: Request) throws {
        let given = request.headers[.contentType] ?? ""
        let media = given.split(separator: ";").first.map {
            $0.trimmingCharacters(in: .whitespaces).lowercased()
        }
        guard let media, media == "application/json" || media.hasSuffix("+json") else {
            throw Problem(
                .unsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE",
                "expected the content type application/json")
        }
    }

    private static func problem(for error: DecodingError) -> Problem {
        switch error {
        case .keyNotFound(let key, let context):
            let field = path(context.codingPath + [key])
            return Problem(
                .badRequest, "FIELD_MISSING", "the field \(field) is missing",
                fields: [Problem.Field(field: field, reason: "missing")])
        case .valueNotFound(_, let context):
            let field = path(context.codingPath)
            return Problem(
                .badRequest, "FIELD_MISSING", "the field \(field) is null",
                fields: [Problem.Field(field: field, reason: "null")])
        case .typeMismatch(let type, let context):
            return malformed(context, "expected \(name(of: type))")
        case .dataCorrupted(let context):
            return context.codingPath.isEmpty
                ? Problem(.badRequest, "MALFORMED", "the body is not valid JSON")
                : malformed(context, context.debugDescription)
        @unknown default:
            return Problem(.badRequest, "MALFORMED", "the body cannot be read")
        }
    }

    private static func malformed(_ context: DecodingError.Context, _ reason: String) -> Problem {
        let field = path(context.codingPath)
        return Problem(
            .badRequest, "MALFORMED", "the field \(field) is wrong: \(reason)",
            fields: [Problem.Field(field: field, reason: reason)])
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        keys.isEmpty
            ? "(whole body)"
            : keys.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }
                .joined(separator: ".").replacing(".[", with: "[")
    }

    private static func name(of type: any Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is Bool.Type: "true or false"
        case is any BinaryInteger.Type: "a whole number"
        case is [Any].Type: "an array"
        case is [String: Any].Type: "an object"
        default: "another type"
        }
    }
}
