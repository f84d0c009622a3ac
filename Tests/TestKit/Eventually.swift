// SPDX-License-Identifier: Apache-2.0

/// Something that should have happened did not.
public struct NotInTime: Error, CustomStringConvertible {
    /// What was waited for, and what was in the way last.
    public let description: String

    /// An obstacle, in words.
    public init(description: String) { self.description = description }
}

/// Asks again and again until `condition` holds; throws when it does not within `limit`.
public func eventually(
    _ what: String = "the condition", within limit: Duration = .seconds(20),
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    var obstacle = "it stayed false"
    while true {
        // A look that was slow itself is no reason to give up: the last one begins after the limit.
        let isLast = ContinuousClock.now >= deadline
        do {
            if try await condition() { return }
        } catch {
            obstacle = "\(error)"
        }
        guard !isLast else {
            throw NotInTime(description: "\(what) did not come within \(limit): \(obstacle)")
        }
        try await Task.sleep(for: .milliseconds(20))
    }
}
