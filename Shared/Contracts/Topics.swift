// SPDX-License-Identifier: Apache-2.0

/// A Kafka topic of the suite; the only place where topic names are written (ARCHITECTURE: events).
public enum Topic: String, CaseIterable, Sendable {
    /// Last state of each key; key = key id.
    case registryKeys = "registry.keys"
    /// Device OEMs that may take part, with their server and TLS root; key = device OEM id.
    case registryPartners = "registry.partners"
    /// What happened to vehicles and keys; key = vehicle id.
    case registryEvents = "registry.events"
    /// The newest signed document of each vehicle; key = vehicle id.
    case vehicleDocuments = "vehicle.documents"
    /// What cars report, signed by the vehicle; key = vehicle id.
    case vehicleReports = "vehicle.reports"
    /// Decisions about shared keys; key = vehicle id.
    case sharingEvents = "sharing.events"
    /// Progress of orders that end or suspend keys; key = vehicle id.
    case revocationEvents = "revocation.events"
    /// Mailbox touched, content-free; key = mailbox id.
    case relayEvents = "relay.events"
    /// Notifications delivered; key = recipient.
    case notificationReceipts = "notification.receipts"

    /// The name on the broker, for example `latchkey.testing.registry.events`.
    public func name(in environment: String) -> String { "latchkey.\(environment).\(rawValue)" }

    /// Whether the broker keeps the newest record of each key for ever.
    public var isCompacted: Bool {
        switch self {
        case .registryKeys, .registryPartners, .vehicleDocuments: true
        default: false
        }
    }

    /// How long records stay on a topic that is not compacted, in days.
    public var retentionDays: Int? {
        switch self {
        case .registryKeys, .registryPartners, .vehicleDocuments: nil
        case .relayEvents, .notificationReceipts: 1
        default: 30
        }
    }

    /// Chosen once: changing it would break the order of records with one key.
    public static let partitions = 48

    /// Where `consumer` puts records it cannot use, for example `latchkey.testing.revocation.dlt`.
    public static func deadLetters(of consumer: String, in environment: String) -> String {
        "latchkey.\(environment).\(consumer).dlt"
    }
}
