// SPDX-License-Identifier: Apache-2.0

internal import Contracts
internal import Kafka
internal import Logging

/// Puts records a consumer cannot use where a person can look at them (SERVER 3.5).
struct DeadLetters {
    let settings: MessagingSettings
    let publisher: EventPublisher
    let group: String
    let logger: Logger

    /// Why a record is put away; fixed words, so that no personal data gets into headers or logs.
    enum Reason: Equatable {
        case notACloudEvent
        case unknownType
        case undecodable
        case unusable
        case handlerFailed(errorType: String)

        var errorClass: String {
            switch self {
            case .notACloudEvent: "NotACloudEvent"
            case .unknownType: "UnknownType"
            case .undecodable: "Undecodable"
            case .unusable: "Unusable"
            case .handlerFailed(let type): type
            }
        }

        var text: String {
            switch self {
            case .notACloudEvent: "a required CloudEvents attribute is missing or wrong"
            case .unknownType: "no event of this type belongs on this topic"
            case .undecodable: "the body does not fit the type"
            case .unusable: "the handler refused it for good"
            case .handlerFailed: "the handler gave up after its last attempt"
            }
        }
    }

    /// Writes `message` with its origin, and returns when the broker has it.
    func put(_ message: KafkaMessage, _ reason: Reason, attempts: Int) async throws {
        let headers = [
            KafkaHeader("dl_original_topic", message.topic),
            KafkaHeader("dl_original_partition", String(message.partition)),
            KafkaHeader("dl_original_offset", String(message.offset)),
            KafkaHeader("dl_original_timestamp", message.timestamp.map { String($0) } ?? ""),
            KafkaHeader("dl_group", group), KafkaHeader("dl_attempts", String(attempts)),
            KafkaHeader("dl_error_class", reason.errorClass),
            KafkaHeader("dl_error_text", reason.text),
        ]
        let record = KafkaRecord(
            topic: Topic.deadLetters(of: settings.service, in: settings.environment),
            key: message.key, value: message.value,
            headers: message.headers.filter { !$0.name.hasPrefix("dl_") } + headers)
        for outcome in try await publisher.send([record]) { _ = try outcome.get() }
        MessagingMetrics.deadLetter(message.topic)
        logger.error(
            "record went to the dead letters",
            metadata: [
                "topic": "\(message.topic)", "partition": "\(message.partition)",
                "offset": "\(message.offset)", "class": "\(reason.errorClass)",
            ])
    }
}
