// SPDX-License-Identifier: Apache-2.0

public import FoundationEssentials

/// One row of a result.
public struct Row: Sendable {
    let columns: Columns
    let cells: [[UInt8]?]

    /// The value in `column`; `let name: String? = try row.value("name")` allows null.
    public func value<Value: PostgresDecodable>(
        _ column: String, as type: Value.Type = Value.self
    ) throws(PostgresError) -> Value {
        guard let index = columns.index[column], cells.indices.contains(index) else {
            throw .column("there is no column '\(column)'")
        }
        return try Value(
            postgres: Cell(name: column, type: columns.types[index], bytes: cells[index]))
    }

    /// Names of the columns in the order of the query.
    public var names: [String] { columns.names }
}

/// Names and types of the columns of one result, shared by its rows.
final class Columns: Sendable {
    let names: [String]
    let types: [UInt32]
    let index: [String: Int]

    init(names: [String], types: [UInt32]) {
        self.names = names
        self.types = types
        index = Dictionary(zip(names, names.indices)) { first, _ in first }
    }
}

/// One value as the server sent it, in binary.
public struct Cell: Sendable {
    let name: String
    let type: UInt32
    let bytes: [UInt8]?

    /// An error that names the column.
    public func mismatch(_ expected: String) -> PostgresError {
        .column("'\(name)' is \(bytes == nil ? "null" : "type \(type)"), not \(expected)")
    }

    /// The bytes, if the value is not null and of one of `types`.
    func content(_ expected: String, _ types: Set<UInt32>) throws(PostgresError) -> [UInt8] {
        guard let bytes, types.contains(type) else { throw mismatch(expected) }
        return bytes
    }
}

/// What a column can be read as.
public protocol PostgresDecodable {
    /// Reads one value, or throws `PostgresError.column`.
    init(postgres cell: Cell) throws(PostgresError)
}

/// Object identifiers of the types we read (pg_type.dat).
enum ColumnType {
    static let bool: UInt32 = 16
    static let bytea: UInt32 = 17
    static let int8: UInt32 = 20
    static let int2: UInt32 = 21
    static let int4: UInt32 = 23
    static let json: UInt32 = 114
    static let float8: UInt32 = 701
    static let texts: UInt32 = 1009
    static let timestamptz: UInt32 = 1184
    static let uuid: UInt32 = 2950
    static let jsonb: UInt32 = 3802
    /// Milliseconds from 1970-01-01 to 2000-01-01.
    static let epoch: Int64 = 946_684_800_000
    /// name, text, unknown, bpchar, varchar, json: the wire is the text.
    static let texty: Set<UInt32> = [19, 25, 705, 1042, 1043, json]
    /// Types a program defines (enums) start here, and an enum's wire is its label.
    static let firstUserDefined: UInt32 = 16_384
}

extension String: PostgresDecodable {
    /// text, varchar, json, jsonb, enums.
    public init(postgres cell: Cell) throws(PostgresError) {
        guard let bytes = cell.bytes else { throw cell.mismatch("text") }
        switch cell.type {
        case ColumnType.jsonb: self = String(decoding: bytes.dropFirst(), as: UTF8.self)
        case let type where ColumnType.texty.contains(type) || type >= ColumnType.firstUserDefined:
            self = String(decoding: bytes, as: UTF8.self)
        default: throw cell.mismatch("text")
        }
    }
}
extension Int64: PostgresDecodable {
    /// smallint, integer, bigint.
    public init(postgres cell: Cell) throws(PostgresError) {
        let types: Set = [ColumnType.int2, ColumnType.int4, ColumnType.int8]
        let bytes = try cell.content("an integer", types)
        let negative = (bytes.first ?? 0) >= 0x80
        self = bytes.reduce(negative ? -1 : 0) { $0 << 8 | Int64($1) }
    }
}
extension Int: PostgresDecodable {
    public init(postgres cell: Cell) throws(PostgresError) {
        self = Int(try Int64(postgres: cell))
    }
}
extension Double: PostgresDecodable {
    /// double precision.
    public init(postgres cell: Cell) throws(PostgresError) {
        let bytes = try cell.content("double precision", [ColumnType.float8])
        self = Double(bitPattern: bytes.reduce(0) { $0 << 8 | UInt64($1) })
    }
}
extension Bool: PostgresDecodable {
    public init(postgres cell: Cell) throws(PostgresError) {
        self = try cell.content("a boolean", [ColumnType.bool]) != [0]
    }
}
extension UUID: PostgresDecodable {
    public init(postgres cell: Cell) throws(PostgresError) {
        let bytes = try cell.content("a uuid", [ColumnType.uuid])
        guard bytes.count == 16 else { throw cell.mismatch("a uuid") }
        self = UUID(uuid: bytes.withUnsafeBytes { $0.loadUnaligned(as: uuid_t.self) })
    }
}
extension [UInt8]: PostgresDecodable {
    /// bytea.
    public init(postgres cell: Cell) throws(PostgresError) {
        self = try cell.content("bytea", [ColumnType.bytea])
    }
}
extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    /// Null is none.
    public init(postgres cell: Cell) throws(PostgresError) {
        self = cell.bytes == nil ? .none : try Wrapped(postgres: cell)
    }
}

/// A timestamptz, in milliseconds since 1970.
public struct Milliseconds: PostgresDecodable, PostgresEncodable, Hashable, Sendable {
    /// Milliseconds since 1970.
    public var value: Int64
    /// Wraps milliseconds since 1970.
    public init(_ value: Int64) { self.value = value }
    public var postgresValue: PostgresValue { .milliseconds(value) }
    public init(postgres cell: Cell) throws(PostgresError) {
        let bytes = try cell.content("timestamptz", [ColumnType.timestamptz])
        let micros = Int64(bitPattern: bytes.reduce(0) { $0 << 8 | UInt64($1) })
        // Floor, so that times before 2000 do not round towards it.
        let millis = micros / 1000 - (micros % 1000 < 0 ? 1 : 0)
        let (sum, overflow) = millis.addingReportingOverflow(ColumnType.epoch)
        guard !overflow else { throw cell.mismatch("a finite time") }
        value = sum
    }
}

/// A text[] without nulls.
public struct Texts: PostgresDecodable, PostgresEncodable, Hashable, Sendable {
    /// The elements.
    public var values: [String]
    /// Wraps the elements.
    public init(_ values: [String]) { self.values = values }
    public var postgresValue: PostgresValue { .texts(values) }
    /// The wire: dimensions, flags, element type, (count, lower bound), (length, bytes) ...
    public init(postgres cell: Cell) throws(PostgresError) {
        var rest = try cell.content("text[]", [ColumnType.texts])[...]
        func number() throws(PostgresError) -> Int {
            guard rest.count >= 4 else { throw cell.mismatch("text[]") }
            defer { rest = rest.dropFirst(4) }
            return Int(Int32(bitPattern: rest.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }))
        }
        let dimensions = try number()
        _ = (try number(), try number())
        guard dimensions > 0 else {
            values = []
            return
        }
        guard dimensions == 1 else { throw cell.mismatch("a flat text[]") }
        let count = try number()
        _ = try number()
        var texts: [String] = []
        for _ in 0..<max(0, count) {
            let length = try number()
            guard length >= 0, rest.count >= length else { throw cell.mismatch("text[]") }
            texts.append(String(decoding: rest.prefix(length), as: UTF8.self))
            rest = rest.dropFirst(length)
        }
        values = texts
    }
}
