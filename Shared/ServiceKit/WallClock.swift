// SPDX-License-Identifier: Apache-2.0

import Foundation
public import Identifiers

/// Where the time of day comes from: the system in production, a fixed value in tests.
public struct WallClock: Sendable {
    private let read: @Sendable () -> Int64

    /// A clock that reads milliseconds since 1970 from `read`.
    public init(milliseconds read: @escaping @Sendable () -> Int64) { self.read = read }

    /// A clock that stands still.
    public static func fixed(_ instant: Instant) -> WallClock {
        WallClock { instant.secondsSinceEpoch * 1000 }
    }

    /// The clock of the system.
    public static let system = WallClock {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// The present, in whole seconds.
    public var now: Instant { Instant(secondsSinceEpoch: read() / 1000) }
    /// Milliseconds since 1970, as `x-timestamp` carries them.
    public var milliseconds: Int64 { read() }
}
