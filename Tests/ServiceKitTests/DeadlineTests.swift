// SPDX-License-Identifier: Apache-2.0

import Dispatch
import ServiceKit
import Testing

private struct Late: Error {}

@Suite struct DeadlineTests {
    @Test func `work in time gives its value or its error`() async throws {
        #expect(try await withDeadline(.seconds(5), else: Late()) { 7 } == 7)
        await #expect(throws: CancellationError.self) {
            try await withDeadline(.seconds(5), else: Late()) { throw CancellationError() }
        }
    }

    @Test func `work that does not notice its cancellation is left behind`() async throws {
        let start = ContinuousClock.now
        await #expect(throws: Late.self) {
            try await withDeadline(.milliseconds(50), else: Late()) {
                await withCheckedContinuation { continuation in
                    DispatchQueue.global().asyncAfter(deadline: .now() + 120) {
                        continuation.resume()
                    }
                }
            }
        }
        // Far below what the work takes, far above what a loaded machine needs.
        #expect(ContinuousClock.now - start < .seconds(90))
    }
}
