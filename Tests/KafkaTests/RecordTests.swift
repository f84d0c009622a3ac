// SPDX-License-Identifier: Apache-2.0
import Kafka
import TestKit
import Testing

@Suite struct `Kafka records` {
    @Test func `a record comes back as it was sent`() async throws {
        let broker = try await BrokerProcess.development(topics: ["round.trip": 1])
        let producer = try KafkaProducer(configuration(broker.address))
        let headers = [
            KafkaHeader("ce_id", "1"), KafkaHeader("ce_id", "2"), KafkaHeader("none", nil),
            KafkaHeader("empty", []), KafkaHeader("bytes", [0, 255, 0]),
        ]
        let sent = [
            KafkaRecord(
                topic: "round.trip", key: [0, 1], value: [1, 0, 2], headers: headers,
                timestamp: 1_767_225_600_123),
            KafkaRecord(topic: "round.trip", key: nil, value: []),
            KafkaRecord(topic: "round.trip", key: [], value: nil),
            KafkaRecord(topic: "round.trip", key: [7], value: nil),
            KafkaRecord(topic: "round.trip", key: [8], value: .init(repeating: 9, count: 900_000)),
        ]
        let positions = try await producer.send(sent)
        #expect(positions.map(\.offset) == [0, 1, 2, 3, 4])
        await producer.close()

        let consumer = try KafkaConsumer(
            configuration(broker.address), fromTheBeginningOf: ["round.trip"],
            options: quickOptions())
        let got = try await read(consumer) { $0.count >= 5 }
        await consumer.close()
        #expect(got.map(\.position) == positions)
        #expect(got.map(\.key) == sent.map(\.key))
        #expect(got.map(\.value) == sent.map(\.value))
        #expect(got.map(\.headers) == sent.map(\.headers))
        #expect(got.first?.timestamp == 1_767_225_600_123)
        #expect(got.first?.header("ce_id") == Array("1".utf8))
    }

    @Test func `records with one key stay in order over many partitions and batches`() async throws
    {
        let broker = try await BrokerProcess.development(topics: ["ordered": 48])
        let producer = try KafkaProducer(configuration(broker.address))
        let keys = (0..<40).map { "vehicle-\($0)" }
        for round in 0..<10 {
            let batch = (0..<25).flatMap { step in
                keys.map { record("ordered", $0, "\(round * 25 + step)") }
            }
            try await producer.send(batch)
        }
        await producer.close()
        let consumer = try KafkaConsumer(
            configuration(broker.address), fromTheBeginningOf: ["ordered"], options: quickOptions())
        let got = try await read(consumer) { $0.count >= 10_000 }
        #expect(Set(got.map(\.partition)).count > 10)
        for key in keys {
            let mine = got.filter { $0.keyText == key }
            #expect(mine.map(\.text) == (0..<250).map(String.init))
            #expect(Set(mine.map(\.partition)).count == 1)
        }
        try await eventually {
            let lag = consumer.lag()
            return lag.count == 48 && lag.values.allSatisfy { $0 == 0 }
        }
        await consumer.close()
    }

    @Test func `an oversized record is refused and its neighbours are written`() async throws {
        let broker = try await BrokerProcess.development(topics: ["sizes": 1])
        let producer = try KafkaProducer(configuration(broker.address))
        let huge = KafkaRecord(
            topic: "sizes", key: nil, value: .init(repeating: 1, count: 1_000_001))
        let outcomes = try await producer.outcomes(of: [
            record("sizes", "a", "1"), huge, record("sizes", "a", "2"),
        ])
        await producer.close()
        #expect(outcomes.map { try? $0.get().offset } == [0, nil, 1])
        guard case .failure(.refused(let refusal)) = outcomes[1] else {
            Issue.record("\(outcomes)")
            return
        }
        #expect(refusal.name == "MSG_SIZE_TOO_LARGE" && refusal.code == 10)
        #expect(!refusal.isRetriable && !refusal.isFatal)
    }

    @Test func `senders wait when too much is on its way`() async throws {
        let broker = try await BrokerProcess.development(topics: ["narrow": 4])
        var options = KafkaProducerOptions()
        options.recordsInFlight = 3
        let producer = try KafkaProducer(configuration(broker.address), options: options)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for sender in 0..<8 {
                group.addTask {
                    try await producer.send(
                        (0..<25).map { record("narrow", "k\(sender)", "\($0)") })
                }
            }
            try await group.waitForAll()
        }
        await producer.close()
        let consumer = try KafkaConsumer(
            configuration(broker.address), fromTheBeginningOf: ["narrow"], options: quickOptions())
        let got = try await read(consumer) { $0.count >= 200 }
        await consumer.close()
        for sender in 0..<8 {
            let mine = got.filter { $0.keyText == "k\(sender)" }
            #expect(mine.map(\.text) == (0..<25).map(String.init))
        }
    }

    @Test func `the observer hears of deliveries, arrivals and statistics`() async throws {
        struct Ear: KafkaObserver {
            let delivered = Shared(0)
            let received = Shared(0)
            let connected = Shared(0)
            func kafkaDelivered(records: Int, failed: Int, slowest: Duration) {
                delivered.change { $0 += records - failed }
            }
            func kafkaReceived(records: Int, bytes: Int) { received.change { $0 += records } }
            func kafkaMeasured(_ statistics: KafkaStatistics) {
                connected.change { $0 = max($0, statistics.connectedBrokers) }
            }
        }
        let ear = Ear()
        let broker = try await BrokerProcess.development(topics: ["heard": 1])
        let producer = try KafkaProducer(configuration(broker.address), observer: ear)
        try await producer.send((0..<10).map { record("heard", "k", "\($0)") })
        let consumer = try KafkaConsumer(
            configuration(broker.address), fromTheBeginningOf: ["heard"], options: quickOptions(),
            observer: ear)
        _ = try await read(consumer) { $0.count >= 10 }
        try await eventually { ear.connected.value == 1 }
        await consumer.close()
        await producer.close()
        #expect(ear.delivered.value == 10)
        #expect(ear.received.value == 10)
    }
}
