// SPDX-License-Identifier: Apache-2.0

/// One way for bytes from outside into the code: whatever comes, `run` returns.
///
/// A trap is a bug, and so is a `FuzzFailure`: what was read is not what it says it is.
public struct FuzzTarget: Sendable, CustomStringConvertible {
    /// Names the corpus and the folder of its crashes.
    public let name: String
    /// Feeds one input.
    public let run: @Sendable ([UInt8]) throws -> Void

    /// Every target, in the order `make fuzz` runs them.
    public static let all =
        wire + areas + cards + streams + traces + objects + texts + files + edges + sessions

    public var description: String { name }

    init(_ name: String, _ run: @escaping @Sendable ([UInt8]) throws -> Void) {
        self.name = name
        self.run = run
    }
}

/// A property an input broke.
public struct FuzzFailure: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

/// Throws `FuzzFailure` unless `condition` holds.
func require(_ condition: Bool, _ sentence: @autoclosure () -> String) throws(FuzzFailure) {
    guard condition else { throw FuzzFailure(sentence()) }
}
