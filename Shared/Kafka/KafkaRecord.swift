// SPDX-License-Identifier: Apache-2.0

/// A named value beside a record's content.
public struct KafkaHeader: Hashable, Sendable {
    /// The name; not unique, order is kept.
    public let name: String
    /// The bytes, or nil.
    public let value: [UInt8]?

    /// A header of bytes.
    public init(_ name: String, _ value: [UInt8]?) {
        self.name = name
        self.value = value
    }

    /// A header of UTF-8 text.
    public init(_ name: String, _ text: String) { self.init(name, Array(text.utf8)) }
}

/// What a producer sends.
public struct KafkaRecord: Hashable, Sendable {
    /// The topic's full name.
    public var topic: String
    /// Records with equal keys stay in order; nil spreads records at random.
    public var key: [UInt8]?
    /// The content; nil is a tombstone: a compacted topic forgets the key.
    public var value: [UInt8]?
    /// Sent and received in this order.
    public var headers: [KafkaHeader]
    /// A fixed partition; nil lets the key decide (murmur2, as Java clients do).
    public var partition: Int32?
    /// Milliseconds since 1970; nil is now.
    public var timestamp: Int64?

    /// A record for `topic`.
    public init(
        topic: String, key: [UInt8]?, value: [UInt8]?, headers: [KafkaHeader] = [],
        partition: Int32? = nil, timestamp: Int64? = nil
    ) {
        self.topic = topic
        self.key = key
        self.value = value
        self.headers = headers
        self.partition = partition
        self.timestamp = timestamp
    }

    /// Bytes this record holds in the producer's buffer, roughly.
    var size: Int {
        headers.reduce((key?.count ?? 0) + (value?.count ?? 0) + 64) {
            $0 + $1.name.utf8.count + ($1.value?.count ?? 0)
        }
    }
}

/// One partition of one topic.
public struct KafkaPartition: Hashable, Sendable {
    /// The topic's full name.
    public let topic: String
    /// Counted from 0.
    public let number: Int32

    /// Partition `number` of `topic`.
    public init(topic: String, number: Int32) {
        self.topic = topic
        self.number = number
    }
}

/// Where a record lies.
public struct KafkaPosition: Hashable, Sendable {
    /// The partition.
    public let partition: KafkaPartition
    /// The record's number in its partition, from 0.
    public let offset: Int64

    /// Record `offset` of `partition`.
    public init(partition: KafkaPartition, offset: Int64) {
        self.partition = partition
        self.offset = offset
    }
}

/// What a consumer receives.
public struct KafkaMessage: Hashable, Sendable {
    /// Where the record lies.
    public let position: KafkaPosition
    /// The key as sent.
    public let key: [UInt8]?
    /// The content; nil is a tombstone.
    public let value: [UInt8]?
    /// In the order they were sent.
    public let headers: [KafkaHeader]
    /// Milliseconds since 1970, when the broker knows it.
    public let timestamp: Int64?

    /// A message from its parts.
    public init(
        position: KafkaPosition, key: [UInt8]?, value: [UInt8]?, headers: [KafkaHeader] = [],
        timestamp: Int64? = nil
    ) {
        self.position = position
        self.key = key
        self.value = value
        self.headers = headers
        self.timestamp = timestamp
    }

    /// The topic's full name.
    public var topic: String { position.partition.topic }
    /// The partition's number.
    public var partition: Int32 { position.partition.number }
    /// The record's number in its partition.
    public var offset: Int64 { position.offset }

    /// The first header of that name.
    public func header(_ name: String) -> [UInt8]? {
        headers.first { $0.name == name }?.value
    }

    /// Bytes this message holds in the consumer's buffer, roughly.
    var size: Int { (key?.count ?? 0) + (value?.count ?? 0) + 128 }
}
