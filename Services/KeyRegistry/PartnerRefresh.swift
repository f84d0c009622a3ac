// SPDX-License-Identifier: Apache-2.0

import Logging
import ServiceKit
import ServiceLifecycle

/// Another instance may have taken in a partner: looks every few seconds.
struct PartnerRefresh: Service {
    let roots: PartnerRoots
    let host: ServiceHost

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do { try await Task.sleep(for: .seconds(5)) } catch { return }
                do {
                    try await roots.reload()
                } catch {
                    host.logger.warning("partners were not read", metadata: ["reason": "\(error)"])
                }
            }
        }
    }
}
