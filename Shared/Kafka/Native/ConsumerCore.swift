// SPDX-License-Identifier: Apache-2.0
internal import CRDKafka
internal import Dispatch
internal import Synchronization

/// A consumer's client and its two threads: one reads, one hears the answers to commits.
///
/// The reading thread owns the end: it leaves the group, ends the other thread, tells who waits, and
/// destroys the client.
final class ConsumerCore: @unchecked Sendable {
    enum Reading: Sendable {
        case group([String])
        case everything([String])
    }

    private struct State {
        var client: Client?
        var isClosing = false
        var whenClosed: [@Sendable () -> Void] = []
    }

    let buffer: BatchBuffer
    private let reading: Reading
    private let batch: Int
    private let hooks: ClientHooks
    private let desk = CommitDesk()
    private let state: Mutex<State>
    private let lagBox: LagBox
    private let onAssignment: (@Sendable (KafkaAssignment) -> Void)?
    /// Records, callbacks and errors come here.
    private let queue: OpaquePointer
    /// Answers to commits come here.
    private let answers: OpaquePointer
    private let answersEnded = DispatchSemaphore(value: 0)

    init(
        _ settings: [Setting], reading: Reading, from start: KafkaConsumerOptions.Start, batch: Int,
        observer: (any KafkaObserver)?, onAssignment: (@Sendable (KafkaAssignment) -> Void)?
    ) throws(KafkaError) {
        let topics = reading.topics
        guard !topics.isEmpty, topics.count <= 1_000, topics.allSatisfy({ !$0.isEmpty }) else {
            throw .configuration("1 to 1,000 topics are needed")
        }
        let buffer = BatchBuffer(batch: batch)
        let lagBox = LagBox()
        hooks = ClientHooks(
            observer: observer, start: StartingPoint(start),
            rebalance: { buffer.note($0, onAssignment) },
            measured: { lagBox.replace($0.lag) })
        let client = try Client(.consumer, settings, hooks: hooks)
        rd_kafka_poll_set_consumer(client.pointer)
        guard let queue = rd_kafka_queue_get_consumer(client.pointer),
            let answers = rd_kafka_queue_new(client.pointer)
        else { throw .configuration("no event queue") }
        self.buffer = buffer
        self.lagBox = lagBox
        self.reading = reading
        self.batch = batch
        self.queue = queue
        self.answers = answers
        self.onAssignment = onAssignment
        state = Mutex(State(client: client))
    }

    func start() {
        onOwnThread("kafka-consumer") { self.run() }
        onOwnThread("kafka-commits") { self.hearAnswers() }
    }

    // MARK: - From any thread

    func commit(_ offsets: [KafkaPartition: Int64]) async throws(KafkaError) {
        let list = PartitionList(offsets.map { ($0.key, $0.value) })
        let refusal = await desk.wait { number in
            state.withLock { state in
                guard let client = state.client, !state.isClosing else {
                    return RD_KAFKA_RESP_ERR__DESTROY
                }
                return list.lend {
                    rd_kafka_commit_queue(
                        client.pointer, $0, answers, nil,
                        UnsafeMutableRawPointer(bitPattern: number))
                }
            }
        }
        guard let refusal else { return hooks.start.noteCommitted(offsets.keys) }
        throw refusal.code == RD_KAFKA_RESP_ERR__DESTROY.rawValue ? .closed : refusal
    }

    func beginAnew() -> Bool { hooks.start.beginAnew() }

    func lag() -> [KafkaPartition: Int64] {
        let reported = lagBox.value
        return state.withLock { state in
            guard let client = state.client, !state.isClosing else { return [:] }
            var lag: [KafkaPartition: Int64] = [:]
            for partition in buffer.assignment {
                lag[partition] = Watermarks.lag(of: partition, client) ?? reported[partition]
            }
            return lag
        }
    }

    func close(then done: (@Sendable () -> Void)?) {
        let isClosed = state.withLock { state in
            guard state.client != nil else { return true }
            if let done { state.whenClosed.append(done) }
            // Once only: a yield while the client leaves the group would break that off.
            if !state.isClosing { rd_kafka_queue_yield(queue) }
            state.isClosing = true
            return false
        }
        buffer.news.signal()
        if isClosed { done?() }
    }

    private var isClosing: Bool { state.withLock { $0.isClosing } }

    // MARK: - The reading thread

    private func run() {
        guard let client = state.withLock({ $0.client?.pointer }) else { return }
        var failure: KafkaError?
        do throws(KafkaError) {
            try begin(client)
            while !isClosing {
                if !buffer.hasRoom { waitForRoom(client) }
                try read(client)
            }
        } catch { failure = error }
        buffer.end(failure)
        if failure != nil { hooks.observer?.kafkaFailed(failure ?? .closed, reason: "ended") }
        finish(client)
    }

    private func begin(_ client: OpaquePointer) throws(KafkaError) {
        switch reading {
        case .group(let topics):
            let answer = PartitionList(topics: topics).lend { rd_kafka_subscribe(client, $0) }
            guard answer == RD_KAFKA_RESP_ERR_NO_ERROR else { throw .refused(answer) }
        case .everything(let topics):
            let partitions = discover(topics, client)
            guard !partitions.isEmpty else { return }
            buffer.assign(partitions)
            let answer = hooks.start.take(partitions).lend { rd_kafka_assign(client, $0) }
            guard answer == RD_KAFKA_RESP_ERR_NO_ERROR else { throw .refused(answer) }
            onAssignment?(.assigned(partitions))
        }
    }

    /// Asks until every topic is there; a broker that is away is waited for.
    private func discover(_ topics: [String], _ client: OpaquePointer) -> [KafkaPartition] {
        var found: [String: [KafkaPartition]] = [:]
        while !isClosing {
            for topic in topics where found[topic] == nil {
                let metadata = Metadata.ask(client, topic: topic, milliseconds: 1_000)
                guard case .success(let cluster) = metadata,
                    let count = cluster.topics[topic], count > 0
                else { continue }
                found[topic] = (0..<Int32(count)).map { KafkaPartition(topic: topic, number: $0) }
            }
            if found.count == Set(topics).count { return found.values.flatMap { $0 } }
            _ = buffer.news.wait(timeout: .now() + .milliseconds(200))
        }
        return []
    }

    private func read(
        _ client: OpaquePointer, milliseconds: Int32 = 1_000
    ) throws(KafkaError) {
        var messages: [KafkaMessage] = []
        var bytes = 0
        while messages.count < batch, bytes < 4 << 20,
            let native = rd_kafka_consumer_poll(client, messages.isEmpty ? milliseconds : 0)
        {
            defer { rd_kafka_message_destroy(native) }
            guard native.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
                try report(native, client)
                continue
            }
            let message = KafkaMessage(native)
            messages.append(message)
            bytes += message.size
        }
        guard !messages.isEmpty else { return }
        buffer.append(messages)
        hooks.observer?.kafkaReceived(records: messages.count, bytes: bytes)
    }

    private func report(_ native: NativeMessage, _ client: OpaquePointer) throws(KafkaError) {
        if native.pointee.err == RD_KAFKA_RESP_ERR__FATAL { throw Client.fatalError(of: client) }
        let reason = rd_kafka_message_errstr(native).map { String(cString: $0) } ?? ""
        hooks.observer?.kafkaFailed(.refused(native.pointee.err), reason: reason)
    }

    /// Waits while the application is busy. After two seconds it pauses the partitions instead, so
    /// that it can go on showing the group that this member lives and hear of rebalances.
    private func waitForRoom(_ client: OpaquePointer) {
        let patience = DispatchTime.now() + .seconds(2)
        while !buffer.hasRoom, !isClosing {
            guard buffer.news.wait(timeout: patience) == .timedOut else { continue }
            guard let paused = pauseAll(client) else { continue }
            while !buffer.hasRoom, !isClosing {
                try? read(client, milliseconds: 0)  // a fatal error comes again once there is room
                _ = buffer.news.wait(timeout: .now() + .milliseconds(200))
            }
            _ = paused.lend { rd_kafka_resume_partitions(client, $0) }
            return
        }
    }

    private func pauseAll(_ client: OpaquePointer) -> PartitionList? {
        guard let all = assignment(client) else { return nil }
        _ = all.lend { rd_kafka_pause_partitions(client, $0) }
        return all
    }

    private func assignment(_ client: OpaquePointer) -> PartitionList? {
        state.withLock { $0.client }.flatMap { PartitionList(assignmentOf: $0) }
    }

    private func finish(_ client: OpaquePointer) {
        state.withLock { $0.isClosing = true }
        rd_kafka_consumer_close(client)
        rd_kafka_queue_yield(answers)
        answersEnded.wait()
        desk.close()
        let last = takeClient()
        for closed in state.withLock({ $0.whenClosed.take() }) { closed() }
        // Its end joins librdkafka's threads. Version 2.0 may wait for ever for the one of a broker that
        // was replaced: nobody but this thread waits with it.
        withExtendedLifetime(last) {}
    }

    private func takeClient() -> Client? {
        state.withLock { state in
            rd_kafka_queue_destroy(answers)
            rd_kafka_queue_destroy(queue)
            return state.client.take()
        }
    }

    // MARK: - The thread of the answers

    private func hearAnswers() {
        while !isClosing { hearAnswer(milliseconds: 1_000) }
        while hearAnswer(milliseconds: 0) {}
        answersEnded.signal()
    }

    @discardableResult
    private func hearAnswer(milliseconds: Int32) -> Bool {
        guard let event = rd_kafka_queue_poll(answers, milliseconds) else { return false }
        defer { rd_kafka_event_destroy(event) }
        guard rd_kafka_event_type(event) == RD_KAFKA_EVENT_OFFSET_COMMIT else { return true }
        let number = Int(bitPattern: rd_kafka_event_opaque(event))
        var code = rd_kafka_event_error(event)
        if code == RD_KAFKA_RESP_ERR_NO_ERROR, let list = rd_kafka_event_topic_partition_list(event)
        {
            code = PartitionList.firstError(of: list) ?? code
        }
        desk.answer(number, code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : .refused(code))
        return true
    }
}

extension ConsumerCore.Reading {
    fileprivate var topics: [String] {
        switch self {
        case .group(let topics), .everything(let topics): topics
        }
    }
}
