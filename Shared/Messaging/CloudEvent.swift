// SPDX-License-Identifier: Apache-2.0

internal import Contracts
internal import Foundation
internal import Kafka

/// A CloudEvent on Kafka (CloudEvents 1.0.2, Kafka binding): written in binary mode, read in both.
///
///     binary      headers ce_specversion ce_id ce_source ce_type ce_time content-type; value = data
///     structured  content-type: application/cloudevents+json; value = {specversion, id, …, data}
struct CloudEvent {
    let context: EventContext
    /// JSON; none is a tombstone.
    let data: [UInt8]?

    /// Why a record is no CloudEvent we can read.
    enum Refusal: Error, Equatable {
        case attribute(String)
        case structure
    }

    static let maximumAttribute = 1024

    init(context: EventContext, data: [UInt8]?) {
        self.context = context
        self.data = data
    }

    /// Reads a record.
    init(_ message: KafkaMessage) throws(Refusal) {
        let kind = message.header("content-type").map { String(decoding: $0, as: UTF8.self) }
        if kind?.lowercased().hasPrefix("application/cloudevents") == true {
            try self.init(structured: message.value ?? [])
            return
        }
        func attribute(_ name: String) throws(Refusal) -> String {
            guard let value = try optional(name) else { throw .attribute(name) }
            return value
        }
        func optional(_ name: String) throws(Refusal) -> String? {
            guard let bytes = message.header("ce_\(name)") else { return nil }
            guard !bytes.isEmpty, bytes.count <= Self.maximumAttribute,
                let text = String(validating: bytes, as: UTF8.self)
            else { throw .attribute(name) }
            return text
        }
        guard try attribute("specversion") == "1.0" else { throw .attribute("specversion") }
        let context = EventContext(
            id: try attribute("id"), source: try attribute("source"), type: try attribute("type"),
            time: try optional("time") ?? "", traceparent: try optional("traceparent"))
        self.init(context: context, data: message.value)
    }

    private init(structured value: [UInt8]) throws(Refusal) {
        guard let object = try? JSONSerialization.jsonObject(with: Data(value)) as? [String: Any],
            object["specversion"] as? String == "1.0"
        else { throw .structure }
        func attribute(_ name: String) throws(Refusal) -> String {
            guard let text = object[name] as? String, !text.isEmpty,
                text.utf8.count <= Self.maximumAttribute
            else { throw .attribute(name) }
            return text
        }
        let context = EventContext(
            id: try attribute("id"), source: try attribute("source"), type: try attribute("type"),
            time: object["time"] as? String ?? "", traceparent: object["traceparent"] as? String)
        guard let body = object["data"] else {
            self.init(context: context, data: nil)
            return
        }
        guard JSONSerialization.isValidJSONObject(body),
            let bytes = try? JSONSerialization.data(withJSONObject: body)
        else { throw .structure }
        self.init(context: context, data: Array(bytes))
    }

    /// The record in binary mode.
    func record(topic: String, key: String) -> KafkaRecord {
        var headers = [
            KafkaHeader("ce_specversion", "1.0"), KafkaHeader("ce_id", context.id),
            KafkaHeader("ce_source", context.source), KafkaHeader("ce_type", context.type),
            KafkaHeader("ce_time", context.time),
        ]
        if let trace = context.traceparent { headers.append(KafkaHeader("ce_traceparent", trace)) }
        if data != nil { headers.append(KafkaHeader("content-type", "application/json")) }
        return KafkaRecord(topic: topic, key: Array(key.utf8), value: data, headers: headers)
    }
}

/// The JSON of events: keys sorted, so that the same event is the same bytes.
enum EventJSON {
    static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }
}
