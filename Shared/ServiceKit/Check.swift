// SPDX-License-Identifier: Apache-2.0

/// One thing the next request needs, asked at `/readyz`: a ping of the database, a live signer.
///
/// A broker is never checked: the outbox absorbs its outages (SERVER 3.7).
public struct Check: Sendable {
    /// Short name for people, for example `database`.
    public let name: String
    /// Longer than this counts as failed.
    public let timeout: Duration
    private let probe: @Sendable () async throws -> Void

    /// A check that passes when `probe` returns within `timeout`.
    public init(
        _ name: String, timeout: Duration = .milliseconds(250),
        probe: @escaping @Sendable () async throws -> Void
    ) {
        self.name = name
        self.timeout = timeout
        self.probe = probe
    }

    /// Why the check failed; none when it passed.
    func failure() async -> String? {
        do {
            try await withDeadline(timeout, else: CheckTimedOut(), probe)
            return nil
        } catch is CheckTimedOut {
            return "no answer within \(timeout)"
        } catch {
            return "\(error)"
        }
    }
}

private struct CheckTimedOut: Error {}
