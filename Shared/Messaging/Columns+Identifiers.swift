// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import Postgres

// Identifiers are stored as hexadecimal text, moments as timestamptz.
extension PostgresEncodable where Self: ByteIdentifier {
    /// Lower-case hexadecimal text.
    public var postgresValue: PostgresValue { .text(description) }
}

extension PostgresDecodable where Self: ByteIdentifier {
    /// Reads hexadecimal text.
    public init(postgres cell: Cell) throws(PostgresError) {
        let text = try String(postgres: cell)
        guard let value = try? Self(hex: text) else { throw cell.mismatch("\(Self.self)") }
        self = value
    }
}

extension KeyID: PostgresEncodable, PostgresDecodable {}
extension VehicleID: PostgresEncodable, PostgresDecodable {}
extension SlotID: PostgresEncodable, PostgresDecodable {}

extension Instant: PostgresEncodable, PostgresDecodable {
    /// A timestamptz.
    public var postgresValue: PostgresValue { .milliseconds(secondsSinceEpoch * 1000) }
    /// Reads a timestamptz; a fraction is dropped.
    public init(postgres cell: Cell) throws(PostgresError) {
        let milliseconds = try Milliseconds(postgres: cell).value
        self.init(
            secondsSinceEpoch: (milliseconds - (milliseconds < 0 ? 999 : 0)) / 1000)
    }
}

extension SQL.StringInterpolation {
    /// Adds a parameter, NULL for none.
    public mutating func appendInterpolation(_ value: Instant?) { add(value) }
}

extension PostgresValue {
    /// `value` as JSON for a json or jsonb column.
    public static func json(encoding value: some Encodable) throws -> PostgresValue {
        .json(String(decoding: try EventJSON.encode(value), as: UTF8.self))
    }
}

extension Row {
    /// The json or jsonb in `column`, decoded.
    public func decoded<Value: Decodable>(
        _ column: String, as type: Value.Type = Value.self
    ) throws -> Value {
        let text: String = try value(column)
        return try EventJSON.decode(type, from: Array(text.utf8))
    }
}
