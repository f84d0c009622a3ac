// SPDX-License-Identifier: Apache-2.0

public import ServiceKit

/// Settings of the sharing orchestrator.
public struct SharingSettings: ServiceSettings {
    let apiAddress: ListenAddress
    let sharedKeyLimit: Int

    public init(reading reader: inout SettingsReader) {
        apiAddress = reader.address("API_ADDRESS", help: "Policies and decisions, host:port.")
        sharedKeyLimit = reader.integer(
            "SHARED_KEY_LIMIT", default: 8, in: 0...100,
            help: "Shared keys of one vehicle that may be usable at the same time.")
    }
}
