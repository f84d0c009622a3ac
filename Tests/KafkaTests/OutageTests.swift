// SPDX-License-Identifier: Apache-2.0
import Kafka
import TestKit
import Testing

@Suite struct `Kafka outages` {
    @Test func `a broker that comes late is waited for`() async throws {
        let broker = try await BrokerProcess.development(topics: ["late": 1])
        broker.kill()
        let producer = try KafkaProducer(configuration(broker.address))
        let consumer = try KafkaConsumer(
            configuration(broker.address), fromTheBeginningOf: ["late"], options: quickOptions())
        let admin = try KafkaAdmin(configuration(broker.address))
        await #expect(throws: KafkaError.self) { try await admin.ping(timeout: .milliseconds(200)) }
        let sending = Task { try await producer.send(record("late", "k", "v")) }
        try await Task.sleep(for: .milliseconds(500))
        try await broker.start()
        #expect(try await within(.seconds(15)) { try await sending.value.offset } == 0)
        #expect(try await read(consumer) { !$0.isEmpty }.map(\.text) == ["v"])
        try await admin.ping(timeout: .seconds(5))
        await consumer.close()
        await producer.close()
    }

    /// The development broker forgets everything when it dies: what was acknowledged before is
    /// gone from the broker (decision 0020). What was not acknowledged is sent to the next one.
    @Test func `sends and reads go on with the broker that replaced a killed one`() async throws {
        let broker = try await BrokerProcess.development(topics: ["stream": 1])
        let producer = try KafkaProducer(configuration(broker.address))
        let consumer = try KafkaConsumer(
            configuration(broker.address), topics: ["stream"], group: "g", options: quickOptions())
        try await producer.send((0..<100).map { record("stream", "k", "before-\($0)") })
        #expect(try await read(consumer, commits: true) { $0.count >= 100 }.count == 100)
        broker.kill()
        let pending = Task {
            try await producer.send((0..<50).map { record("stream", "k", "after-\($0)") })
        }
        try await Task.sleep(for: .milliseconds(500))
        try await broker.start()
        #expect(try await within(.seconds(20)) { try await pending.value.count } == 50)
        let got = try await read(consumer, within: .seconds(45)) {
            Set($0.map(\.text)).count >= 50
        }
        #expect(got.first?.text == "after-0")
        await consumer.close()
        await producer.close()
    }

    @Test func `closing with sends under way fails them in time`() async throws {
        let port = UInt16(FreePort.take())
        let producer = try KafkaProducer(configuration("127.0.0.1:\(port)"))
        let sending = Task {
            try await producer.outcomes(of: (0..<10).map { record("never", "k", "\($0)") })
        }
        try await Task.sleep(for: .milliseconds(100))
        let took = await ContinuousClock().measure {
            await producer.close(timeout: .milliseconds(300))
        }
        #expect(took < .seconds(5))
        let outcomes = try await sending.value
        #expect(outcomes.count == 10 && outcomes.allSatisfy { $0 == .failure(.closed) })
        await #expect(throws: KafkaError.closed) {
            try await producer.send(record("never", "k", "v"))
        }
    }

    @Test func `a cancelled sender stops waiting`() async throws {
        let port = UInt16(FreePort.take())
        var options = KafkaProducerOptions()
        options.recordsInFlight = 2
        let producer = try KafkaProducer(configuration("127.0.0.1:\(port)"), options: options)
        for count in [1, 5] {  // waiting for the answer; waiting for room
            let sending = Task {
                try await producer.send((0..<count).map { record("never", "k", "\($0)") })
            }
            try await Task.sleep(for: .milliseconds(50))
            sending.cancel()
            await #expect(throws: KafkaError.cancelled) { try await sending.value }
        }
        await producer.close(timeout: .zero)
    }

    @Test func `a producer that was dropped without closing ends too`() async throws {
        let port = UInt16(FreePort.take())
        let sending = Task {
            let producer = try KafkaProducer(configuration("127.0.0.1:\(port)"))
            async let unfinished = producer.outcomes(of: [record("never", "k", "v")])
            await producer.close(timeout: .zero)
            return try await unfinished
        }
        #expect(try await sending.value.count == 1)
        _ = try KafkaProducer(configuration("127.0.0.1:\(port)"))
        _ = try KafkaConsumer(configuration("127.0.0.1:\(port)"), topics: ["t"], group: "g")
    }

    @Test func `a delivery timeout is reported for each record`() async throws {
        let port = UInt16(FreePort.take())
        var options = KafkaProducerOptions()
        options.deliveryTimeout = .milliseconds(500)
        let producer = try KafkaProducer(configuration("127.0.0.1:\(port)"), options: options)
        let outcome = try await within(.seconds(10)) {
            try await producer.outcomes(of: [record("never", "k", "v")])
        }
        guard case .failure(let error) = outcome.first else {
            Issue.record("\(outcome)")
            return
        }
        #expect(error.isRetriable && !error.isFatal)
        await producer.close(timeout: .zero)
    }

    @Test func `a broker without topic creation says so and makes topics by itself`() async throws {
        let broker = try await BrokerProcess.development(topics: ["there": 3])
        let admin = try KafkaAdmin(configuration(broker.address))
        let outcome = try await admin.create([
            KafkaTopic(name: "wanted", partitions: 2), KafkaTopic(name: "there", partitions: 3),
        ])
        #expect(outcome == ["wanted": .unsupported, "there": .exists])
        #expect(try await admin.partitions(of: "there") == 3)
        #expect(try await admin.cluster().brokers == 1)
    }
}
