// SPDX-License-Identifier: Apache-2.0

import GRDB
import ServiceKit

extension CarRoutes {
    /// What the disk under the state file refuses: over as soon as there is room again.
    static func problem(for error: any Error) -> Problem? {
        guard let error = error as? DatabaseError,
            [.SQLITE_FULL, .SQLITE_IOERR, .SQLITE_READONLY, .SQLITE_CANTOPEN]
                .contains(error.resultCode)
        else { return nil }
        return .unavailable("the car's state file cannot be written now; is its disk full?")
    }
}
