// SPDX-License-Identifier: Apache-2.0

import Contracts
import Identifiers
import Logging
import ServiceKit
import ServiceLifecycle

/// Keeps a radio open for each vehicle with passive entry, one task per vehicle.
struct StreamWatch: Service {
    let store: GatewayStore
    let taps: TapRunner
    let host: ServiceHost
    /// Rung when vehicles were provisioned.
    let changes: Bell

    func run() async throws {
        await cancelWhenGracefulShutdown { await watch() }
    }

    private func watch() async {
        var running: [VehicleID: (address: ListenAddress, task: Task<Void, Never>)] = [:]
        while !Task.isCancelled {
            let wanted = await addresses()
            for (id, radio) in running where wanted[id] != radio.address {
                radio.task.cancel()
                await radio.task.value
                running[id] = nil
            }
            for (id, address) in wanted where running[id] == nil {
                let approach = ApproachRunner(taps: taps)
                let listener = StreamListener(vehicleId: id, address: address, host: host) {
                    await approach.serve($0, of: id)
                }
                running[id] = (address, Task { await listener.run() })
            }
            await changes.wait(atMost: .seconds(60))
        }
        for radio in running.values { radio.task.cancel() }
        for radio in running.values { await radio.task.value }
    }

    private func addresses() async -> [VehicleID: ListenAddress] {
        do {
            let vehicles = try await store.vehicles()
            return Dictionary(
                vehicles.compactMap { vehicle in
                    vehicle.provisioning.passiveEntry.flatMap(ListenAddress.init)
                        .map { (vehicle.id, $0) }
                }, uniquingKeysWith: { first, _ in first })
        } catch {
            host.logger.error("the vehicles' radios cannot be read from the state file")
            return [:]
        }
    }
}
