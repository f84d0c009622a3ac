// SPDX-License-Identifier: Apache-2.0
internal import CRDKafka

/// Why something with Kafka did not work.
public enum KafkaError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The settings cannot work; says which and why.
    case configuration(String)
    /// The client was closed; a record that was waiting may or may not have been written.
    case closed
    /// The task was cancelled; a record that was waiting may still be written.
    case cancelled
    /// The broker or the client library refused.
    case refused(KafkaRefusal)

    /// Whether doing the same again later may work.
    public var isRetriable: Bool {
        if case .refused(let refusal) = self { refusal.isRetriable } else { false }
    }

    /// Whether this client can do nothing any more and must be replaced.
    public var isFatal: Bool {
        if case .refused(let refusal) = self { refusal.isFatal } else { self == .closed }
    }

    /// The code of Kafka (positive) or of librdkafka (negative).
    public var code: Int32? {
        if case .refused(let refusal) = self { refusal.code } else { nil }
    }

    /// One line for a log; never holds keys, values or secrets.
    public var description: String {
        switch self {
        case .configuration(let reason): "kafka configuration: \(reason)"
        case .closed: "kafka client is closed"
        case .cancelled: "kafka operation was cancelled"
        case .refused(let refusal): "kafka: \(refusal.name) (\(refusal.code))"
        }
    }

    static func refused(_ code: rd_kafka_resp_err_t, fatal: Bool = false) -> KafkaError {
        .refused(KafkaRefusal(code, fatal: fatal))
    }
}

/// An error code of the Kafka protocol or of librdkafka.
public struct KafkaRefusal: Hashable, Sendable {
    /// Positive: Kafka protocol; negative: librdkafka.
    public let code: Int32
    /// The code's name, for example `MSG_SIZE_TOO_LARGE`.
    public let name: String
    /// Whether doing the same again later may work.
    public let isRetriable: Bool
    /// Whether the client must be replaced.
    public let isFatal: Bool

    init(_ error: rd_kafka_resp_err_t, fatal: Bool = false) {
        code = error.rawValue
        name = String(cString: rd_kafka_err2name(error))
        isFatal = fatal
        isRetriable = !fatal && Self.retriable.contains(error.rawValue)
    }

    private static let retriable: Set<Int32> = Set(
        [
            RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
            RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT,
            RD_KAFKA_RESP_ERR__QUEUE_FULL, RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE,
            RD_KAFKA_RESP_ERR__WAIT_COORD, RD_KAFKA_RESP_ERR__WAIT_CACHE,
            RD_KAFKA_RESP_ERR__RETRY, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
            RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST,
            RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED, RD_KAFKA_RESP_ERR__RESOLVE,
            RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
            RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
            RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
            RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
            RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
            RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
            RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
            RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, RD_KAFKA_RESP_ERR_NOT_CONTROLLER,
            RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE,
        ].map(\.rawValue))
}
