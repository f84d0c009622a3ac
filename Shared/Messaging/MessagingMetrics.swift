// SPDX-License-Identifier: Apache-2.0

internal import Kafka
internal import Logging
internal import Metrics

/// Names of the metrics (OpenTelemetry messaging conventions, and our own) in one place.
enum MessagingMetrics {
    static func sent(_ topic: String, _ count: Int) {
        counter("messaging.client.sent.messages", topic).increment(by: count)
    }
    static func consumed(_ topic: String, _ count: Int) {
        counter("messaging.client.consumed.messages", topic).increment(by: count)
    }
    static func processed(_ topic: String, in duration: Duration) {
        Timer(label: "messaging.process.duration", dimensions: dimensions(topic))
            .recordNanoseconds(nanoseconds(duration))
    }
    static func eventAge(_ topic: String, milliseconds: Int64) {
        Timer(label: "latchkey_event_age_seconds", dimensions: dimensions(topic))
            .recordMilliseconds(max(0, milliseconds))
    }
    static func sendTook(_ duration: Duration) {
        Timer(
            label: "messaging.client.operation.duration",
            dimensions: [("messaging.system", "kafka"), ("messaging.operation.name", "send")]
        ).recordNanoseconds(nanoseconds(duration))
    }
    static func duplicate(_ topic: String) {
        counter("latchkey_inbox_duplicates_total", topic).increment()
    }
    static func deadLetter(_ topic: String) {
        counter("latchkey_dlq_records_total", topic).increment()
    }
    static func outbox(unpublished: Int, oldestSeconds: Double) {
        Gauge(label: "latchkey_outbox_unpublished").record(unpublished)
        Gauge(label: "latchkey_outbox_oldest_seconds").record(oldestSeconds)
    }
    static func parked(_ count: Int) { Gauge(label: "latchkey_parked_records").record(count) }

    private static func dimensions(_ topic: String) -> [(String, String)] {
        [("messaging.system", "kafka"), ("messaging.destination.name", topic)]
    }
    private static func counter(_ name: String, _ topic: String) -> Counter {
        Counter(label: name, dimensions: dimensions(topic))
    }
    private static func nanoseconds(_ duration: Duration) -> Int64 {
        duration.components.seconds * 1_000_000_000 + duration.components.attoseconds
            / 1_000_000_000
    }
}

/// Turns what the driver says into log lines.
struct KafkaLog: KafkaObserver {
    let logger: Logger

    func kafkaFailed(_ error: KafkaError, reason: String) {
        logger.warning("kafka has trouble", metadata: ["error": "\(error)"])
    }
    func kafkaLogged(level: Int, line: String) {
        logger.log(
            level: level <= 4 ? .warning : .debug, "librdkafka", metadata: ["line": "\(line)"])
    }
}
