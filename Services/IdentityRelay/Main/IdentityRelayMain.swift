// SPDX-License-Identifier: Apache-2.0

import IdentityRelay
import ServiceKit

@main
struct IdentityRelayMain {
    static func main() async throws { try await IdentityRelayService.main() }
}
