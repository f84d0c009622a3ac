// SPDX-License-Identifier: Apache-2.0

import SharingOrchestrator
import ServiceKit

@main
struct SharingOrchestratorMain {
    static func main() async throws { try await SharingOrchestratorService.main() }
}
