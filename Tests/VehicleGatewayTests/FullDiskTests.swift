// SPDX-License-Identifier: Apache-2.0

import GRDB
import HTTPTypes
import ServiceKit
import Testing

@testable import VehicleGateway

@Suite struct FullDiskTests {
    @Test func `a full disk is no internal error, and a damaged row is not a full disk`() {
        let full = CarRoutes.problem(for: DatabaseError(resultCode: .SQLITE_FULL))
        #expect(full?.status == .serviceUnavailable)
        #expect(CarRoutes.problem(for: DatabaseError(resultCode: .SQLITE_CONSTRAINT)) == nil)
        #expect(CarRoutes.problem(for: GatewayError.conflict) == nil)
    }
}
