// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import Kafka

/// A record that no consumer can use, and the word for it on the dead letter.
struct Poison {
    let reason: String
    let record: KafkaRecord

    /// One of each sort, in the lane of `car`.
    static func of(_ car: VehicleID, on topic: String) -> [Poison] {
        let key = Array(car.description.utf8)
        func headers(_ type: String) -> [KafkaHeader] {
            [
                KafkaHeader("ce_specversion", "1.0"), KafkaHeader("ce_id", UUID().uuidString),
                KafkaHeader("ce_source", "somebody"), KafkaHeader("ce_type", type),
            ]
        }
        return [
            Poison(
                reason: "NotACloudEvent",
                record: KafkaRecord(topic: topic, key: key, value: [1, 2, 3])),
            Poison(
                reason: "UnknownType",
                record: KafkaRecord(
                    topic: topic, key: key, value: [], headers: headers("org.else.v1"))),
            Poison(
                reason: "Undecodable",
                record: KafkaRecord(
                    topic: topic, key: key, value: Array("{}".utf8),
                    headers: headers(DocumentConfirmed.type))),
        ]
    }
}

extension KafkaMessage {
    /// Whether this dead letter names `position` as its origin.
    func isAbout(_ position: KafkaPosition) -> Bool {
        text("dl_original_topic") == position.partition.topic
            && text("dl_original_partition") == String(position.partition.number)
            && text("dl_original_offset") == String(position.offset)
    }
}
