// SPDX-License-Identifier: Apache-2.0

import Revocation
import ServiceKit

@main
struct RevocationMain {
    static func main() async throws { try await RevocationService.main() }
}
