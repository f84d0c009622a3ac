// SPDX-License-Identifier: Apache-2.0

import Notification
import ServiceKit

@main
struct NotificationMain {
    static func main() async throws { try await NotificationService.main() }
}
