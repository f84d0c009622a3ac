// SPDX-License-Identifier: Apache-2.0

import KeyRegistry
import ServiceKit

@main
struct KeyRegistryMain {
    static func main() async throws { try await KeyRegistryService.main() }
}
