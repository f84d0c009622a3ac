// SPDX-License-Identifier: Apache-2.0

public import Foundation
internal import Identifiers

/// The vector files of PROTOCOL 21, from `LATCHKEY_VECTORS` or else `Tests/Vectors`.
public enum Vectors {
    /// The folder the files are read from.
    public static var folder: URL {
        if let path = ProcessInfo.processInfo.environment["LATCHKEY_VECTORS"], !path.isEmpty {
            return URL(fileURLWithPath: path, isDirectory: true)
        }
        return repository
    }

    /// `Tests/Vectors`, whatever the environment says.
    public static var repository: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Vectors", isDirectory: true)
    }

    /// The file `<name>.json`, for a test of what it says.
    public static func file(_ name: String) throws -> VectorFile { try file(name, in: folder) }

    /// The file `<name>.json` of this repository, for a test that needs a whole pairing or object to
    /// start from and is about something else.
    public static func fixture(_ name: String) throws -> VectorFile {
        try file(name, in: repository)
    }

    private static func file(_ name: String, in folder: URL) throws -> VectorFile {
        let url = folder.appendingPathComponent(name + ".json")
        let json = try JSONSerialization.jsonObject(with: Data(contentsOf: url))
        return VectorFile(root: try VectorValue(json, path: name + ".json"))
    }
}

/// One vector file.
public struct VectorFile: Sendable {
    public let root: VectorValue

    /// Every case; none when the file has none.
    public var cases: [VectorCase] {
        get throws { try (root.optional("cases")?.list() ?? []).map(VectorCase.init) }
    }

    /// Every refusal; none when the file has none.
    public var negatives: [VectorNegative] {
        get throws { try (root.optional("negative")?.list() ?? []).map(VectorNegative.init) }
    }
}

/// Inputs and what comes of them.
public struct VectorCase: Sendable {
    public let name: String
    public let inputs: VectorValue
    public let intermediate: VectorValue
    public let outputs: VectorValue

    init(_ value: VectorValue) throws {
        name = try value.text("name")
        inputs = try value.member("inputs")
        intermediate =
            try value.optional("intermediate") ?? VectorValue([String: Any](), path: value.path)
        outputs = try value.optional("outputs") ?? VectorValue([String: Any](), path: value.path)
    }
}

/// An input that must be refused.
public struct VectorNegative: Sendable {
    public let name: String
    public let input: VectorValue
    /// A status word (`sw:6A80`), a CONTROL FLOW (`cf:0007`), a status, or a class word.
    public let expect: String

    init(_ value: VectorValue) throws {
        name = try value.text("name")
        input = try value.member("input")
        expect = try value.text("expect")
    }

    /// The classes that are normative (PROTOCOL 21); of others only the refusal is.
    public static let normativeClasses: Set = ["mac", "signature", "chain", "evidence", "point"]

    /// Whether `answer` is the status word the file asks for and nothing else.
    public func asks(for answer: [UInt8]) -> Bool {
        expect.lowercased() == "sw:" + answer.hex
    }

    /// None when `actual` (the class word of the error, nil when it was accepted) is what the
    /// file asks for, else a sentence.
    public func complaint(about actual: String?) -> String? {
        guard let actual else { return "'\(name)' was accepted, expected \(expect)" }
        if actual == expect || !Self.normativeClasses.contains(expect) { return nil }
        return "'\(name)' was refused as \(actual), expected \(expect)"
    }
}
