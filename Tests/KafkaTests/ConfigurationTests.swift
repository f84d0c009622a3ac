// SPDX-License-Identifier: Apache-2.0
import Kafka
import Testing

@Suite struct `Kafka configuration` {
    @Test(arguments: [
        [], [""], ["broker"], ["broker:"], ["broker:0"], ["broker:65536"], [":9092"],
        ["broker:9092,other:9092"], ["a b:9092"], ["good:9092", "bad"],
    ])
    func `bootstrap servers that are not host and port are refused`(_ servers: [String]) {
        let configuration = KafkaConfiguration(
            bootstrapServers: servers, clientID: "tests", security: .plaintext)
        #expect(throws: KafkaError.self) { _ = try KafkaProducer(configuration) }
    }

    @Test(arguments: ["broker:9092", "10.0.0.1:1", "[::1]:65535", "a-b.c_d:9092"])
    func `host and port are accepted`(_ server: String) async throws {
        let producer = try KafkaProducer(configuration(server))
        await producer.close(timeout: .zero)
    }

    @Test func `options out of range are refused`() {
        var producer = KafkaProducerOptions()
        producer.recordsInFlight = 0
        #expect(throws: KafkaError.self) {
            _ = try KafkaProducer(configuration("broker:9092"), options: producer)
        }
        var consumer = KafkaConsumerOptions()
        consumer.heartbeatInterval = consumer.sessionTimeout
        #expect(throws: KafkaError.self) {
            _ = try KafkaConsumer(
                configuration("broker:9092"), topics: ["t"], group: "g", options: consumer)
        }
        #expect(throws: KafkaError.self) {
            _ = try KafkaConsumer(configuration("broker:9092"), topics: [], group: "g")
        }
        #expect(throws: KafkaError.self) {
            _ = try KafkaConsumer(configuration("broker:9092"), topics: ["t"], group: "")
        }
    }

    @Test func `half of a client certificate is refused`() {
        var settings = configuration("broker:9092")
        settings.security = .tls(KafkaTLS(certificateFile: "/nowhere/client.pem"))
        #expect(throws: KafkaError.self) { _ = try KafkaProducer(settings) }
    }

    @Test func `files that are missing are named`() {
        var settings = configuration("broker:9092")
        settings.security = .tls(KafkaTLS(rootsFile: "/nowhere/roots.pem"))
        #expect { _ = try KafkaProducer(settings) } throws: { "\($0)".contains("ssl.ca.location") }
    }

    @Test func `scram settings are understood by the library`() async throws {
        var settings = configuration("broker:9092")
        settings.security = .scram(
            user: "registry", password: KafkaPassword("correct horse"), KafkaTLS())
        let producer = try KafkaProducer(settings)
        await producer.close(timeout: .zero)
    }

    @Test func `a password is never printed`() {
        let password = KafkaPassword("correct horse")
        var dumped = ""
        dump(KafkaSecurity.scram(user: "u", password: password, KafkaTLS()), to: &dumped)
        #expect(!"\(password) \(String(reflecting: password)) \(dumped)".contains("horse"))
    }
}
