// SPDX-License-Identifier: Apache-2.0

/// A statement and its parameters. Interpolated values become parameters, never text:
/// `"SELECT state FROM keys WHERE id = \(id)"` is `SELECT state FROM keys WHERE id = $1`.
public struct SQL: Sendable, ExpressibleByStringInterpolation {
    /// The statement with `$1`, `$2` ... for its parameters.
    public let text: String
    /// The values of `$1`, `$2` ...
    public let parameters: [PostgresValue]

    /// A literal, with placeholders of its own if the call brings parameters.
    public init(stringLiteral text: String) {
        self.text = text
        parameters = []
    }

    /// An interpolated literal.
    public init(stringInterpolation: StringInterpolation) {
        text = stringInterpolation.text
        parameters = stringInterpolation.parameters
    }

    /// A statement made at run time: for migrations and tools, never from input.
    public init(trusted text: String, parameters: [PostgresValue] = []) {
        self.text = text
        self.parameters = parameters
    }

    func adding(_ more: [PostgresValue]) -> SQL {
        more.isEmpty ? self : SQL(trusted: text, parameters: parameters + more)
    }

    /// Collects the text and the parameters of one literal.
    public struct StringInterpolation: StringInterpolationProtocol {
        var text = ""
        var parameters: [PostgresValue] = []

        /// An empty statement.
        public init(literalCapacity: Int, interpolationCount: Int) {}
        /// Adds text as it stands in the source.
        public mutating func appendLiteral(_ literal: String) { text += literal }
        /// Adds a parameter.
        public mutating func appendInterpolation(_ value: some PostgresEncodable) {
            parameters.append(value.postgresValue)
            text += "$\(parameters.count)"
        }
        // An optional in a literal is mostly a mistake, so the compiler warns of it unless a method
        // takes exactly that.
        /// Adds a parameter, NULL for none.
        public mutating func appendInterpolation(_ value: String?) { add(value) }
        /// Adds a parameter, NULL for none.
        public mutating func appendInterpolation(_ value: Int?) { add(value) }
        /// Adds a parameter, NULL for none.
        public mutating func appendInterpolation(_ value: Int64?) { add(value) }
        /// Adds a parameter, NULL for none.
        public mutating func appendInterpolation(_ value: [UInt8]?) { add(value) }
        /// Adds a parameter, NULL for none.
        public mutating func appendInterpolation(_ value: PostgresValue?) { add(value) }
        /// Adds a parameter, NULL for none.
        public mutating func add(_ value: (some PostgresEncodable)?) {
            appendInterpolation(value?.postgresValue ?? .null)
        }
        /// Adds text as it stands, for names of columns or tables that the program knows.
        public mutating func appendInterpolation(trusted fragment: String) { text += fragment }
    }
}
