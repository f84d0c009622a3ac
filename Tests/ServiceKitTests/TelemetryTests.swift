// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
import Logging
import Metrics
import ServiceKit
import Synchronization
import Testing

private final class Lines: Sendable {
    let all = Mutex<[String]>([])
    func handler(_ level: Logger.Level = .info) -> Logger {
        Logger(label: "test") { _ in
            JSONLogHandler(service: "roadster", level: level) { line in
                self.all.withLock { $0.append(line) }
            }
        }
    }
    func object() throws -> [String: Any] {
        let line = try #require(all.withLock { $0 }.last)
        #expect(!line.contains("\n"))
        return try #require(
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
}

@Suite struct LogTests {
    @Test func `an entry is one line of JSON with its request and its fields`() throws {
        let lines = Lines()
        var logger = lines.handler()
        logger[metadataKey: "request_id"] = "r1"
        logger.info("a \"quoted\"\nmessage\u{1}", metadata: ["count": .stringConvertible(3)])
        let entry = try lines.object()
        #expect(entry["level"] as? String == "info")
        #expect(entry["service"] as? String == "roadster")
        #expect(entry["msg"] as? String == "a \"quoted\"\nmessage\u{1}")
        #expect(entry["request_id"] as? String == "r1")
        #expect((entry["fields"] as? [String: Any])?["count"] as? Int == 3)
        let time = try #require(entry["ts"] as? String)
        #expect(Instant(rfc3339: time) != nil && time.count == 24)
    }

    @Test func `secrets do not reach the log`() throws {
        let lines = Lines()
        lines.handler().info(
            "x",
            metadata: [
                "password": "12345678", "token": "\(Secret("hidden"))",
                "nested": ["client_secret": "hidden"],
            ])
        let line = try #require(lines.all.withLock { $0 }.last)
        #expect(!line.contains("12345678") && !line.contains("hidden"))
    }

    @Test func `levels below the limit are quiet`() {
        let lines = Lines()
        lines.handler(.warning).info("quiet")
        #expect(lines.all.withLock { $0 }.isEmpty)
    }
}

@Suite struct MetricsTests {
    @Test func `counters, gauges and timers print as Prometheus reads them`() {
        let metrics = PrometheusMetrics()
        Counter(
            label: "messaging.client.sent.messages", dimensions: [("topic", "a\"b\\c\nd")],
            factory: metrics
        ).increment(by: 3)
        Gauge(label: "latchkey_outbox_unpublished", factory: metrics).record(7)
        let timer = Timer(label: "sign", factory: metrics)
        timer.recordMilliseconds(3)
        timer.recordMilliseconds(700)
        let text = metrics.text
        #expect(text.contains("# TYPE messaging_client_sent_messages_total counter\n"))
        #expect(
            text.contains(
                #"messaging_client_sent_messages_total{topic="a\"b\\c\nd"} 3"#))
        #expect(text.contains("\nlatchkey_outbox_unpublished 7\n"))
        #expect(text.contains(#"sign_seconds_bucket{le="0.005"} 1"#))
        #expect(text.contains(#"sign_seconds_bucket{le="1"} 2"#))
        #expect(text.contains(#"sign_seconds_bucket{le="+Inf"} 2"#))
        #expect(text.contains("sign_seconds_count 2\n"))
    }

    @Test func `labels that nobody bounds end in one series`() {
        let metrics = PrometheusMetrics()
        for number in 0..<(PrometheusMetrics.seriesLimit + 50) {
            Counter(label: "calls", dimensions: [("who", "\(number)")], factory: metrics)
                .increment()
        }
        let lines = metrics.text.split(separator: "\n").filter { $0.hasPrefix("calls_total{") }
        #expect(lines.count == PrometheusMetrics.seriesLimit + 1)
        #expect(lines.contains(#"calls_total{who="other"} 50"#))
    }
}

@Suite struct TraceTests {
    @Test(arguments: [
        "", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e47é6-00f067aa0ba902b7-1",
    ])
    func `a malformed traceparent is none`(text: String) {
        #expect(TraceContext(text) == nil)
    }

    @Test func `a step keeps the trace and has a span of its own`() throws {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        let parent = try #require(TraceContext(text))
        let child = parent.child(.system)
        #expect(parent.description == text)
        #expect(child.traceId == parent.traceId && child.spanId != parent.spanId)
        #expect(TraceContext(child.description) == child)
    }
}
