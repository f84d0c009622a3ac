// SPDX-License-Identifier: Apache-2.0
import Kafka
import TestKit
import Testing

/// Against a broker that is not librdkafka's own, through a proxy that breaks things.
@Suite(.serialized, .enabled(if: Tansu.canRun("KafkaTests/TansuTests.swift", tests: 4)))
struct `Kafka on another broker` {
    private struct Bench {
        let proxy: FaultProxy
        let broker: BrokerProcess
        let producer: KafkaProducer
        let admin: KafkaAdmin

        init(topic: String, partitions: Int) async throws {
            proxy = try await FaultProxy(upstream: UInt16(FreePort.take()))
            broker = try await Tansu.start(behind: proxy)
            producer = try KafkaProducer(configuration(proxy.address))
            admin = try KafkaAdmin(configuration(proxy.address))
            let made = try await admin.create([KafkaTopic(name: topic, partitions: partitions)])
            try #require(made == [topic: .created])
        }

        func end() async {
            proxy.setWeather(.clear)
            await producer.close()
            broker.kill()
            await proxy.close()
        }
    }

    /// Sends `count` records while `trouble` happens, then reads the topic from its beginning:
    /// everything once, each key in order.
    private func sendThrough(
        _ bench: Bench, topic: String, count: Int,
        trouble: @escaping @Sendable () async throws -> Void
    ) async throws {
        let producer = bench.producer
        let sending = Task {
            for start in stride(from: 0, to: count, by: 100) {
                try await producer.send(
                    (start..<start + 100).map { record(topic, "k\($0 % 5)", "\($0)") })
            }
        }
        try await trouble()
        try await within(.seconds(40)) { try await sending.value }
        let consumer = try KafkaConsumer(
            configuration(bench.proxy.address), fromTheBeginningOf: [topic],
            options: quickOptions())
        let got = try await read(consumer, within: .seconds(30)) { $0.count >= count }
        await consumer.close()
        #expect(got.count == count)
        #expect(Set(got.map(\.text)).count == count)
        for key in 0..<5 {
            let mine = got.filter { $0.keyText == "k\(key)" }.compactMap { Int($0.text) }
            #expect(mine == mine.sorted())
        }
    }

    @Test func `a slow line delays and loses nothing`() async throws {
        let bench = try await Bench(topic: "slow", partitions: 3)
        bench.proxy.setLatency(.milliseconds(50))
        try await sendThrough(bench, topic: "slow", count: 1_000) {}
        await bench.end()
    }

    @Test func `resets lose and double nothing`() async throws {
        let bench = try await Bench(topic: "resets", partitions: 3)
        bench.proxy.setLatency(.milliseconds(5))
        let proxy = bench.proxy
        try await sendThrough(bench, topic: "resets", count: 2_000) {
            for _ in 0..<5 {
                try await Task.sleep(for: .milliseconds(150))
                proxy.reset()
            }
        }
        await bench.end()
    }

    @Test func `lost answers and a partition lose and double nothing`() async throws {
        let bench = try await Bench(topic: "cut", partitions: 3)
        let proxy = bench.proxy
        bench.proxy.setLatency(.milliseconds(5))
        try await sendThrough(bench, topic: "cut", count: 2_000) {
            try await Task.sleep(for: .milliseconds(100))
            proxy.setWeather(.answersLost)
            try await Task.sleep(for: .milliseconds(300))
            proxy.setWeather(.clear)
            proxy.reset()
            try await Task.sleep(for: .milliseconds(100))
            proxy.setWeather(.partition)
            try await Task.sleep(for: .milliseconds(800))
            proxy.setWeather(.clear)
        }
        await bench.end()
    }

    @Test func `a group works, and topics are made once`() async throws {
        let bench = try await Bench(topic: "group", partitions: 4)
        let again = try await bench.admin.create([KafkaTopic(name: "group", partitions: 4)])
        #expect(again == ["group": .exists])
        #expect(try await bench.admin.partitions(of: "group") == 4)
        try await bench.producer.send((0..<40).map { record("group", "k\($0)", "\($0)") })
        let consumer = try KafkaConsumer(
            configuration(bench.proxy.address), topics: ["group"], group: "g",
            options: quickOptions(session: .seconds(2)))
        #expect(try await read(consumer, commits: true) { $0.count >= 40 }.count == 40)
        try await bench.producer.send(record("group", "k", "last"))
        let last = try await read(consumer, commits: true) { !$0.isEmpty }
        #expect(last.map(\.text) == ["last"])
        await consumer.close()
        await bench.end()
    }
}
