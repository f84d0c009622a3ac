// SPDX-License-Identifier: Apache-2.0
internal import CBrokerShim
internal import CRDKafka
internal import Glibc

/// A Kafka broker for one developer's machine: librdkafka's mock cluster as a process of its own
/// (docs/decisions/0020-embedded-broker.md).
@main
struct BrokerMain {
    static func main() {
        do {
            let arguments = Array(CommandLine.arguments.dropFirst())
            guard !arguments.contains("--help") else { return print(BrokerArguments.usage) }
            try run(BrokerArguments(arguments))
        } catch {
            let line = "latchkey-development-broker: \(error.reason)\n"
            _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
            exit(1)
        }
    }

    private static func run(_ arguments: BrokerArguments) throws(BrokerArguments.Refusal) {
        latchkey_broker_block_signals()
        latchkey_broker_use_port(arguments.port)
        let configuration = rd_kafka_conf_new()
        rd_kafka_conf_set_log_cb(configuration, nil)
        guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, nil, 0) else {
            throw BrokerArguments.Refusal(reason: "librdkafka does not start")
        }
        defer { rd_kafka_destroy(client) }
        guard let cluster = rd_kafka_mock_cluster_new(client, 1) else {
            throw BrokerArguments.Refusal(reason: "the mock cluster does not start")
        }
        defer { rd_kafka_mock_cluster_destroy(cluster) }
        for topic in arguments.topics {
            let answer = rd_kafka_mock_topic_create(cluster, topic.name, Int32(topic.partitions), 1)
            guard answer == RD_KAFKA_RESP_ERR_NO_ERROR else {
                let reason = String(cString: rd_kafka_err2str(answer))
                throw BrokerArguments.Refusal(reason: "topic \(topic.name): \(reason)")
            }
        }
        print(
            "latchkey-development-broker: ready on 127.0.0.1:\(arguments.port)",
            "(for development only: keeps nothing, checks nobody)")
        fflush(nil)
        latchkey_broker_wait(arguments.parent)
    }
}
