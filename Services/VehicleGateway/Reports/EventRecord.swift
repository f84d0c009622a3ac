// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import Kafka
import ServiceKit

/// Events as Kafka records: CloudEvents 1.0.2, binary mode (SERVER 3.2).
enum EventRecord {
    static let source = "latchkey/vehicle-gateway"

    /// The record of `event`; attributes are headers, the body is the value.
    static func make<E: Event>(
        _ event: E, id: String, time: Instant, environment: String
    ) throws -> KafkaRecord {
        KafkaRecord(
            topic: E.topic.name(in: environment), key: Array(event.key.utf8),
            value: try JSONBody.encode(event),
            headers: [
                KafkaHeader("ce_specversion", "1.0"), KafkaHeader("ce_id", id),
                KafkaHeader("ce_source", source), KafkaHeader("ce_type", E.type),
                KafkaHeader("ce_time", time.description),
                KafkaHeader("content-type", "application/json"),
            ])
    }

    /// The dead letter of `message`: the same record and why it could not be used (SERVER 3.5).
    static func deadLetter(
        of message: KafkaMessage, because reason: String, environment: String
    ) -> KafkaRecord {
        KafkaRecord(
            topic: Topic.deadLetters(of: "vehicle-gateway", in: environment), key: message.key,
            value: message.value,
            headers: message.headers.filter { !$0.name.hasPrefix("dl_") } + [
                KafkaHeader("dl_original_topic", message.topic),
                KafkaHeader("dl_original_partition", "\(message.position.partition.number)"),
                KafkaHeader("dl_original_offset", "\(message.position.offset)"),
                KafkaHeader("dl_original_timestamp", message.timestamp.map { "\($0)" } ?? ""),
                KafkaHeader("dl_group", "vehicle-gateway"), KafkaHeader("dl_attempts", "1"),
                KafkaHeader("dl_error_class", "DocumentRefused"),
                KafkaHeader("dl_error_text", reason),
            ])
    }
}
