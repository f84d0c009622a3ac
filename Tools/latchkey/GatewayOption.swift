// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ServiceKit
import Stack

/// Where a car is: at the gateway of a stack, or at one that runs alone.
struct GatewayOption: ParsableArguments {
    @OptionGroup var state: StateOption
    @Option(
        help: "Car API of a vehicle gateway that runs alone, host:port; without, the stack's.")
    var gateway: String?

    func validate() throws {
        if let gateway, ListenAddress(gateway) == nil {
            throw ValidationError("--gateway takes host:port")
        }
    }

    func fleet() throws -> Fleet {
        guard let address = gateway.flatMap({ ListenAddress($0) }) else {
            return try Fleet(folder: state.folder)
        }
        return Fleet(gateway: "\(address)")
    }
}
