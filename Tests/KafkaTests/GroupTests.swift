// SPDX-License-Identifier: Apache-2.0
import Kafka
import TestKit
import Testing

@Suite struct `Kafka groups` {
    @Test func `a group goes on where it committed`() async throws {
        let broker = try await BrokerProcess.development(topics: ["work": 2])
        let producer = try KafkaProducer(configuration(broker.address))
        try await producer.send((0..<20).map { record("work", "k\($0)", "\($0)") })
        let first = try KafkaConsumer(
            configuration(broker.address), topics: ["work"], group: "workers",
            options: quickOptions())
        let early = try await read(first, commits: true) { $0.count >= 20 }
        #expect(early.count == 20)
        await first.close()

        try await producer.send((20..<30).map { record("work", "k\($0)", "\($0)") })
        await producer.close()
        let second = try KafkaConsumer(
            configuration(broker.address), topics: ["work"], group: "workers",
            options: quickOptions())
        let late = try await read(second) { $0.count >= 10 }
        #expect(Set(late.map(\.text)) == Set((20..<30).map(String.init)))
        await second.close()
    }

    @Test func `what was not committed comes again, and to one who begins anew everything`()
        async throws
    {
        let broker = try await BrokerProcess.development(topics: ["again": 1])
        let producer = try KafkaProducer(configuration(broker.address))
        try await producer.send((0..<5).map { record("again", "k", "\($0)") })
        await producer.close()
        let consumer = try KafkaConsumer(
            configuration(broker.address), topics: ["again"], group: "g", options: quickOptions())
        let got = try await read(consumer) { $0.count >= 5 }
        try await consumer.commit([KafkaPartition(topic: "again", number: 0): 3])
        await consumer.close()
        var options = quickOptions()
        options.start = .beginning
        let anew = try KafkaConsumer(
            configuration(broker.address), topics: ["again"], group: "g", options: options)
        #expect(try await read(anew) { $0.count >= 5 } == got)
        await anew.close()
        let next = try KafkaConsumer(
            configuration(broker.address), topics: ["again"], group: "g", options: quickOptions())
        #expect(try await read(next) { $0.count >= 2 }.map(\.text) == ["3", "4"])
        await next.close()
    }

    @Test func `one who began anew goes on behind its own commits when partitions come back`()
        async throws
    {
        let broker = try await BrokerProcess.development(topics: ["back": 2])
        let producer = try KafkaProducer(configuration(broker.address))
        try await producer.send((0..<10).map { record("back", "k\($0)", "\($0)") })
        var options = quickOptions()
        options.start = .beginning
        let first = try KafkaConsumer(
            configuration(broker.address), topics: ["back"], group: "g", options: options)
        #expect(try await read(first, commits: true) { $0.count >= 10 }.count == 10)
        let second = try KafkaConsumer(
            configuration(broker.address), topics: ["back"], group: "g", options: quickOptions())
        try await eventually(within: .seconds(45)) { second.assignment.count == 1 }
        await second.close()
        try await eventually(within: .seconds(45)) { first.assignment.count == 2 }
        try await producer.send((10..<20).map { record("back", "k\($0)", "\($0)") })
        await producer.close()
        let late = try await read(first) { $0.count >= 10 }
        #expect(Set(late.map(\.text)) == Set((10..<20).map(String.init)))
        await first.close()
    }

    @Test func `a second member takes over partitions, and all when the first leaves`() async throws
    {
        let broker = try await BrokerProcess.development(topics: ["shared": 6])
        let changes = Shared<[KafkaAssignment]>([])
        let first = try KafkaConsumer(
            configuration(broker.address), topics: ["shared"], group: "pair",
            options: quickOptions(),
            onAssignment: { change in changes.change { $0.append(change) } })
        try await eventually(within: .seconds(45)) { first.assignment.count == 6 }
        let second = try KafkaConsumer(
            configuration(broker.address), topics: ["shared"], group: "pair",
            options: quickOptions())
        try await eventually(within: .seconds(45)) {
            first.assignment.count == 3 && second.assignment.count == 3
        }
        #expect(first.assignment.isDisjoint(with: second.assignment))
        await first.close()
        try await eventually(within: .seconds(45)) { second.assignment.count == 6 }
        #expect(first.assignment.isEmpty)
        guard case .assigned(let all) = changes.value.first else {
            Issue.record("\(changes.value)")
            return
        }
        #expect(all.count == 6)
        #expect(changes.value.contains { if case .revoked = $0 { true } else { false } })
        await second.close()
    }

    @Test func `a busy application keeps its partitions and loses nothing`() async throws {
        let broker = try await BrokerProcess.development(topics: ["busy": 2])
        let producer = try KafkaProducer(configuration(broker.address))
        try await producer.send((0..<500).map { record("busy", "k\($0 % 7)", "\($0)") })
        var options = quickOptions()
        options.batch = 10
        let consumer = try KafkaConsumer(
            configuration(broker.address), topics: ["busy"], group: "slow", options: options)
        var iterator = consumer.makeAsyncIterator()
        var got = try await iterator.next() ?? []
        try await Task.sleep(for: .seconds(4))  // past the patience of the reading thread
        try await consumer.commit(got)  // still a member
        got += try await read(consumer) { $0.count >= 490 }
        #expect(Set(got.map(\.text)).count == 500)
        for key in 0..<7 {
            let mine = got.filter { $0.keyText == "k\(key)" }.compactMap { Int($0.text) }
            #expect(mine == mine.sorted())
        }
        await consumer.close()
        await producer.close()
    }

    @Test func `a closed consumer ends its sequence and refuses commits`() async throws {
        let broker = try await BrokerProcess.development(topics: ["ended": 1])
        let consumer = try KafkaConsumer(
            configuration(broker.address), topics: ["ended"], group: "g", options: quickOptions())
        let reader = Task { try await read(consumer) { _ in false } }
        await consumer.close()
        await consumer.close()
        #expect(try await reader.value.isEmpty)
        await #expect(throws: KafkaError.closed) {
            try await consumer.commit([KafkaPartition(topic: "ended", number: 0): 1])
        }
    }

    @Test func `a consumer that another closes, however early, ends for its reader too`()
        async throws
    {
        let broker = try await BrokerProcess.development(topics: ["early": 1])
        for age in 0..<40 {
            let alone = try KafkaConsumer(
                configuration(broker.address), fromTheBeginningOf: ["early"],
                options: quickOptions())
            let member = try KafkaConsumer(
                configuration(broker.address), topics: ["early"], group: "g\(age)",
                options: quickOptions())
            try await within(.seconds(20)) {
                await withTaskGroup(of: Void.self) { group in
                    for consumer in [alone, member] {
                        group.addTask {
                            _ = try? await read(consumer) { _ in false }
                            await consumer.close()
                        }
                        group.addTask {
                            try? await Task.sleep(for: .milliseconds(age * 3))
                            await consumer.close()
                        }
                    }
                }
            }
        }
    }

    @Test func `a cancelled reader ends and the next one goes on`() async throws {
        let broker = try await BrokerProcess.development(topics: ["cancelled": 1])
        let consumer = try KafkaConsumer(
            configuration(broker.address), fromTheBeginningOf: ["cancelled"],
            options: quickOptions())
        let reader = Task { try await read(consumer) { _ in false } }
        try await Task.sleep(for: .milliseconds(100))
        reader.cancel()
        _ = await reader.result
        let producer = try KafkaProducer(configuration(broker.address))
        try await producer.send(record("cancelled", "k", "v"))
        #expect(try await read(consumer) { !$0.isEmpty }.map(\.text) == ["v"])
        await consumer.close()
        await producer.close()
    }
}
