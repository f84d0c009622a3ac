// SPDX-License-Identifier: Apache-2.0

/// The body of a CloudEvent on one of our topics.
///
/// Bodies are JSON objects. A member may be added as an optional; nothing is ever renamed or
/// removed, so that the golden files of `ContractsTests` decode for ever.
public protocol Event: Codable, Equatable, Sendable {
    /// `ce_type`, for example `org.latchkey.registry.KeyTracked.v1`.
    static var type: String { get }
    /// Where it is published.
    static var topic: Topic { get }
    /// The record key: order is kept among events of one key.
    var key: String { get }
}

/// The CloudEvents attributes of one event (CloudEvents 1.0.2).
public struct EventContext: Hashable, Sendable {
    /// `ce_id`: the outbox row id, a UUID; unique within `source`.
    public var id: String
    /// `ce_source`: the service that said it, for example `latchkey/key-registry`.
    public var source: String
    /// `ce_type`.
    public var type: String
    /// `ce_time`, RFC 3339.
    public var time: String
    /// W3C trace context, when there is one.
    public var traceparent: String?

    /// Describes one event.
    public init(id: String, source: String, type: String, time: String, traceparent: String? = nil)
    {
        self.id = id
        self.source = source
        self.type = type
        self.time = time
        self.traceparent = traceparent
    }
}
