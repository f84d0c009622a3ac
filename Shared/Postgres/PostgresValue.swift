// SPDX-License-Identifier: Apache-2.0

public import FoundationEssentials

/// A parameter. PostgreSQL infers its type from the place it stands in; where it cannot, cast
/// (`$1::bigint`).
public enum PostgresValue: Equatable, Sendable {
    case null
    case text(String)
    case int(Int64)
    case double(Double)
    case bool(Bool)
    case bytes([UInt8])
    /// JSON text for a json or jsonb column.
    case json(String)
    case uuid(UUID)
    /// timestamptz, in milliseconds since 1970.
    case milliseconds(Int64)
    /// text[].
    case texts([String])
}

/// What can stand in an interpolated `SQL`.
public protocol PostgresEncodable {
    /// This value as a parameter.
    var postgresValue: PostgresValue { get }
}

extension PostgresValue: PostgresEncodable {
    public var postgresValue: PostgresValue { self }
}
extension String: PostgresEncodable {
    public var postgresValue: PostgresValue { .text(self) }
}
extension Int: PostgresEncodable {
    public var postgresValue: PostgresValue { .int(Int64(self)) }
}
extension Int64: PostgresEncodable {
    public var postgresValue: PostgresValue { .int(self) }
}
extension Double: PostgresEncodable {
    public var postgresValue: PostgresValue { .double(self) }
}
extension Bool: PostgresEncodable {
    public var postgresValue: PostgresValue { .bool(self) }
}
extension UUID: PostgresEncodable {
    public var postgresValue: PostgresValue { .uuid(self) }
}
extension [UInt8]: PostgresEncodable {
    public var postgresValue: PostgresValue { .bytes(self) }
}
extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    public var postgresValue: PostgresValue { self?.postgresValue ?? .null }
}

extension PostgresValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .text(value) }
    public init(integerLiteral value: Int64) { self = .int(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(nilLiteral: ()) { self = .null }
}

extension PostgresValue {
    /// 0 lets the server infer the type; bytes and times travel in binary and name theirs.
    var oid: UInt32 {
        switch self {
        case .bytes: ColumnType.bytea
        case .milliseconds: ColumnType.timestamptz
        default: 0
        }
    }

    var isBinary: Bool { oid != 0 }

    /// The bytes libpq sends (text ends in a NUL); none for null.
    func wire() throws(PostgresError) -> [UInt8]? {
        switch self {
        case .null: return nil
        case .text(let text), .json(let text): return try Self.terminated(text)
        case .int(let number): return try Self.terminated(String(number))
        case .double(let number): return try Self.terminated("\(number)")
        case .bool(let flag): return try Self.terminated(flag ? "t" : "f")
        case .uuid(let id): return try Self.terminated(id.uuidString)
        case .bytes(let bytes): return bytes
        case .milliseconds(let time):
            // int64 microseconds since 2000-01-01, big-endian.
            let (shifted, below) = time.subtractingReportingOverflow(ColumnType.epoch)
            let (micros, above) = shifted.multipliedReportingOverflow(by: 1000)
            guard !below, !above else { throw .parameter("time out of range") }
            return withUnsafeBytes(of: micros.bigEndian) { Array($0) }
        case .texts(let texts):
            let quoted = texts.map { text in
                "\"" + text.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] } + "\""
            }
            return try Self.terminated("{" + quoted.joined(separator: ",") + "}")
        }
    }

    private static func terminated(_ text: String) throws(PostgresError) -> [UInt8] {
        let bytes = Array(text.utf8)
        // libpq would silently cut the value there.
        guard !bytes.contains(0) else { throw .parameter("text with a NUL") }
        return bytes + [0]
    }
}
