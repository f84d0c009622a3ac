// SPDX-License-Identifier: Apache-2.0
internal import CRDKafka

enum Metadata {
    /// Blocks until a broker answers or the time is over; nil asks for all topics.
    static func ask(
        _ client: OpaquePointer, topic: String?, milliseconds: Int32
    ) -> Result<KafkaCluster, KafkaError> {
        var handle: OpaquePointer?
        if let topic {
            handle = rd_kafka_topic_new(client, topic, nil)
            guard handle != nil else { return .failure(.refused(rd_kafka_last_error())) }
        }
        defer { if let handle { rd_kafka_topic_destroy(handle) } }
        var answer: UnsafePointer<rd_kafka_metadata>?
        let code = rd_kafka_metadata(client, topic == nil ? 1 : 0, handle, &answer, milliseconds)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let answer else {
            return .failure(.refused(code))
        }
        defer { rd_kafka_metadata_destroy(answer) }
        let metadata = answer.pointee
        var topics: [String: Int] = [:]
        for topic in UnsafeBufferPointer(start: metadata.topics, count: Int(metadata.topic_cnt))
        where topic.err == RD_KAFKA_RESP_ERR_NO_ERROR {
            topics[String(cString: topic.topic)] = Int(topic.partition_cnt)
        }
        let brokers = UnsafeBufferPointer(start: metadata.brokers, count: Int(metadata.broker_cnt))
        return .success(KafkaCluster(topics: topics, brokerIDs: Set(brokers.map(\.id))))
    }
}

enum TopicCreation {
    /// Blocks until it is done or the time is over. Topics are made by the controller: a cluster
    /// that names none of its brokers, such as the mock cluster, would be waited for in vain.
    static func perform(
        _ client: Client, _ topics: [KafkaTopic], milliseconds: Int32
    ) -> Result<[String: KafkaTopicCreation], KafkaError> {
        Metadata.ask(client.pointer, topic: nil, milliseconds: milliseconds).flatMap { cluster in
            let controller = rd_kafka_controllerid(client.pointer, 500)
            guard !cluster.brokerIDs.contains(controller) else {
                return request(client, topics, milliseconds: milliseconds)
            }
            let outcomes = topics.map { topic -> (String, KafkaTopicCreation) in
                (topic.name, cluster.topics[topic.name] == nil ? .unsupported : .exists)
            }
            return .success(Dictionary(outcomes, uniquingKeysWith: { $1 }))
        }
    }

    private static func request(
        _ client: Client, _ topics: [KafkaTopic], milliseconds: Int32
    ) -> Result<[String: KafkaTopicCreation], KafkaError> {
        var wanted: [OpaquePointer?] = []
        defer { for topic in wanted { rd_kafka_NewTopic_destroy(topic) } }
        for topic in topics {
            switch native(topic) {
            case .success(let pointer): wanted.append(pointer)
            case .failure(let error): return .failure(error)
            }
        }
        let options = rd_kafka_AdminOptions_new(client.pointer, RD_KAFKA_ADMIN_OP_CREATETOPICS)
        defer { rd_kafka_AdminOptions_destroy(options) }
        var reason = [CChar](repeating: 0, count: 256)
        rd_kafka_AdminOptions_set_request_timeout(options, milliseconds, &reason, reason.count)
        rd_kafka_AdminOptions_set_operation_timeout(options, milliseconds, &reason, reason.count)
        guard let queue = rd_kafka_queue_new(client.pointer) else {
            return .failure(.configuration("no event queue"))
        }
        defer { rd_kafka_queue_destroy(queue) }
        rd_kafka_CreateTopics(client.pointer, &wanted, wanted.count, options, queue)
        guard let event = rd_kafka_queue_poll(queue, milliseconds + 1_000) else {
            return .failure(.refused(RD_KAFKA_RESP_ERR__TIMED_OUT))
        }
        defer { rd_kafka_event_destroy(event) }
        return outcome(of: event, topics)
    }

    private static func native(_ topic: KafkaTopic) -> Result<OpaquePointer, KafkaError> {
        var reason = [CChar](repeating: 0, count: 256)
        guard (1...10_000).contains(topic.partitions), (-1...32).contains(topic.replicas),
            let pointer = rd_kafka_NewTopic_new(
                topic.name, Int32(topic.partitions), Int32(topic.replicas), &reason, reason.count)
        else { return .failure(.configuration("topic \(topic.name): \(text(reason))")) }
        for (name, value) in topic.settings { rd_kafka_NewTopic_set_config(pointer, name, value) }
        return .success(pointer)
    }

    private static func outcome(
        of event: OpaquePointer, _ topics: [KafkaTopic]
    ) -> Result<[String: KafkaTopicCreation], KafkaError> {
        let code = rd_kafka_event_error(event)
        if isUnsupported(code) {
            return .success(
                Dictionary(topics.map { ($0.name, .unsupported) }, uniquingKeysWith: { $1 }))
        }
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR,
            let result = rd_kafka_event_CreateTopics_result(event)
        else { return .failure(.refused(code)) }
        var count = 0
        let list = rd_kafka_CreateTopics_result_topics(result, &count)
        var outcomes: [String: KafkaTopicCreation] = [:]
        for topic in UnsafeBufferPointer(start: list, count: count) {
            guard let topic else { continue }
            outcomes[String(cString: rd_kafka_topic_result_name(topic))] = creation(
                rd_kafka_topic_result_error(topic))
        }
        return .success(outcomes)
    }

    private static func creation(_ code: rd_kafka_resp_err_t) -> KafkaTopicCreation {
        switch code {
        case RD_KAFKA_RESP_ERR_NO_ERROR: .created
        case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS: .exists
        default: isUnsupported(code) ? .unsupported : .failed(.refused(code))
        }
    }

    private static func isUnsupported(_ code: rd_kafka_resp_err_t) -> Bool {
        code == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE
            || code == RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION
    }
}
