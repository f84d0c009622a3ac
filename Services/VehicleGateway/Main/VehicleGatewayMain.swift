// SPDX-License-Identifier: Apache-2.0

import ServiceKit
import VehicleGateway

@main
struct VehicleGatewayMain {
    static func main() async throws { try await VehicleGatewayService.main() }
}
