// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Identifiers

/// What is wrong with a vector file, with the place.
public struct VectorError: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

/// A JSON value of a vector file that knows where it stands, for readable failures.
public struct VectorValue: Sendable, CustomStringConvertible {
    /// The JSON types.
    public enum Content: Sendable {
        case null
        case bool(Bool)
        case number(Double)
        case text(String)
        case list([VectorValue])
        case object([String: VectorValue])
    }

    public let content: Content
    /// For example `spake2plus-ccc.json/cases/0/inputs/N`.
    public let path: String

    init(_ json: Any, path: String) throws {
        self.path = path
        switch json {
        case let text as String: content = .text(text)
        case let list as [Any]:
            content = .list(
                try list.enumerated().map { try VectorValue($1, path: "\(path)/\($0)") })
        case let object as [String: Any]:
            content = .object(
                try Dictionary(
                    uniqueKeysWithValues: object.map {
                        ($0, try VectorValue($1, path: "\(path)/\($0)"))
                    }))
        case let number as NSNumber:
            // Foundation on Linux has Booleans as NSNumber of the C type "c".
            content =
                String(cString: number.objCType) == "c"
                ? .bool(number.boolValue) : .number(number.doubleValue)
        default: content = .null
        }
    }

    public var description: String { path }

    /// The member `name`, which must be there.
    public func member(_ name: String) throws -> VectorValue {
        guard let value = optional(name) else { throw VectorError("\(path): no member '\(name)'") }
        return value
    }

    /// The member `name`; none when absent or null, or when this is not an object.
    public func optional(_ name: String) -> VectorValue? {
        guard case .object(let members) = content, let value = members[name] else { return nil }
        if case .null = value.content { return nil }
        return value
    }

    /// The names of all members.
    public var names: [String] {
        if case .object(let members) = content { members.keys.sorted() } else { [] }
    }

    /// This value as text.
    public func text() throws -> String {
        guard case .text(let text) = content else { throw VectorError("\(path): not text") }
        return text
    }

    /// This value as an integer.
    public func integer() throws -> Int {
        guard case .number(let number) = content, let integer = Int(exactly: number) else {
            throw VectorError("\(path): not an integer")
        }
        return integer
    }

    /// This value as a Boolean.
    public func bool() throws -> Bool {
        guard case .bool(let bool) = content else { throw VectorError("\(path): not a Boolean") }
        return bool
    }

    /// This value as bytes in hexadecimal; empty text is no bytes.
    public func hex() throws -> [UInt8] {
        do {
            return try [UInt8](hex: text())
        } catch {
            throw VectorError("\(path): not hexadecimal")
        }
    }

    /// This value as a list.
    public func list() throws -> [VectorValue] {
        guard case .list(let list) = content else { throw VectorError("\(path): not a list") }
        return list
    }

    public func text(_ name: String) throws -> String { try member(name).text() }
    public func integer(_ name: String) throws -> Int { try member(name).integer() }
    public func bool(_ name: String) throws -> Bool { try member(name).bool() }
    public func hex(_ name: String) throws -> [UInt8] { try member(name).hex() }
    public func list(_ name: String) throws -> [VectorValue] { try member(name).list() }
}
