// SPDX-License-Identifier: Apache-2.0

public import Contracts

/// Every event of the suite. What is not here is unknown and goes to the dead letters.
public enum EventCatalogue {
    /// All event types.
    public static let events: [any Event.Type] = [
        PartnerRegistered.self, TrackedKeyState.self, KeyTracked.self, KeyStateChanged.self,
        OrderReceived.self, DocumentConfirmed.self, PairingFinished.self,
        SignedVehicleDocument.self, SignedVehicleReport.self, SharedKeyDecided.self,
        RevocationOrdered.self, RevocationAdvanced.self, MailboxTouched.self,
        NotificationDelivered.self,
    ]

    /// Whether records of `type` belong on `topic`.
    public static func contains(_ type: String, on topic: Topic) -> Bool {
        events.contains { $0.type == type && $0.topic == topic }
    }
}
