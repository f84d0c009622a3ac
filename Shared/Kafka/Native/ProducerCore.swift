// SPDX-License-Identifier: Apache-2.0
internal import CRDKafka
internal import Synchronization

/// A producer's client and the thread that hears its answers.
///
/// The thread owns the end: it serves answers until all are in or the deadline is over, purges the
/// rest, tells who waits, and destroys the client. `state` guards the client against a send
/// at that moment.
final class ProducerCore: @unchecked Sendable {
    private struct State {
        var client: Client?
        var deadline: ContinuousClock.Instant?
        var whenClosed: [@Sendable () -> Void] = []
    }

    private let state: Mutex<State>
    private let queue: OpaquePointer
    private let gate: FlowGate
    private let hooks: ClientHooks

    init(settings: [Setting], gate: FlowGate, hooks: ClientHooks) throws(KafkaError) {
        let client = try Client(.producer, settings, hooks: hooks)
        guard let queue = rd_kafka_queue_get_main(client.pointer) else {
            throw .configuration("no event queue")
        }
        self.queue = queue
        self.gate = gate
        self.hooks = hooks
        state = Mutex(State(client: client))
    }

    func start() { onOwnThread("kafka-producer") { self.run() } }

    /// Gives one record to librdkafka; what goes wrong becomes the record's outcome, except that
    /// the caller was cancelled.
    func send(_ record: KafkaRecord, _ ticket: DeliveryTicket, _ index: Int)
        async throws(KafkaError)
    {
        let bytes = record.size
        do { try await gate.enter(bytes: bytes) } catch {
            guard error != .cancelled else { throw error }
            return ticket.settle(index, .failure(error))
        }
        let refusal = state.withLock { state -> KafkaError? in
            guard let client = state.client, state.deadline == nil else { return .closed }
            let opaque = ticket.opaque(index, bytes: bytes)
            let answer = record.produce(client, opaque: opaque)
            guard answer != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
            _ = DeliveryTicket.redeem(opaque)
            let isFatal = answer == RD_KAFKA_RESP_ERR__FATAL
            return isFatal ? Client.fatalError(of: client.pointer) : .refused(answer)
        }
        guard let refusal else { return }
        gate.leave(records: 1, bytes: bytes)
        ticket.settle(index, .failure(refusal))
    }

    func close(within timeout: Duration, then done: (@Sendable () -> Void)?) {
        let isClosed = state.withLock { state in
            guard state.client != nil else { return true }
            if let done { state.whenClosed.append(done) }
            let deadline = ContinuousClock.now + timeout
            state.deadline = min(state.deadline ?? deadline, deadline)
            rd_kafka_queue_yield(queue)  // alive as long as the client is
            return false
        }
        gate.close()
        if isClosed { done?() }
    }

    // MARK: - The thread

    private func run() {
        guard let client = state.withLock({ $0.client?.pointer }) else { return }
        while state.withLock({ $0.deadline == nil }) { serve(client, milliseconds: 1_000) }
        while rd_kafka_outq_len(client) > 0, let left = timeLeft() {
            serve(client, milliseconds: min(left, 100))
        }
        rd_kafka_purge(client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
        while rd_kafka_outq_len(client) > 0 { serve(client, milliseconds: 100) }
        let last = takeClient()
        for closed in state.withLock({ $0.whenClosed.take() }) { closed() }
        // Its end joins librdkafka's threads, which nobody but this thread has to wait for.
        withExtendedLifetime(last) {}
    }

    private func takeClient() -> Client? {
        state.withLock { state in
            rd_kafka_queue_destroy(queue)
            return state.client.take()
        }
    }

    private func timeLeft() -> Int32? {
        guard let deadline = state.withLock({ $0.deadline }) else { return nil }
        let left = ContinuousClock.now.duration(to: deadline)
        return left > .zero ? max(1, left.wholeMilliseconds) : nil
    }

    private func serve(_ client: OpaquePointer, milliseconds: Int32) {
        guard let event = rd_kafka_queue_poll(queue, milliseconds) else { return }
        defer { rd_kafka_event_destroy(event) }
        switch rd_kafka_event_type(event) {
        case RD_KAFKA_EVENT_DR:
            settle(event)
        case RD_KAFKA_EVENT_ERROR:
            let reason = rd_kafka_event_error_string(event).map { String(cString: $0) } ?? ""
            hooks.failed(client, rd_kafka_event_error(event), reason)
        case RD_KAFKA_EVENT_STATS:
            guard let json = rd_kafka_event_stats(event) else { return }
            hooks.statistics(
                UnsafeRawBufferPointer(start: json, count: String(cString: json).utf8.count))
        default:
            break
        }
    }

    private func settle(_ event: OpaquePointer) {
        var records = 0
        var failed = 0
        var bytes = 0
        var slowest: Int64 = 0
        while let native = rd_kafka_event_message_next(event) {
            guard let opaque = native.pointee._private else { continue }
            let (ticket, slot) = DeliveryTicket.redeem(opaque)
            records += 1
            bytes += slot.bytes
            slowest = max(slowest, rd_kafka_message_latency(native))
            let outcome = Self.outcome(of: native)
            if case .failure = outcome { failed += 1 }
            ticket.settle(slot.index, outcome)
        }
        gate.leave(records: records, bytes: bytes)
        hooks.observer?.kafkaDelivered(
            records: records, failed: failed, slowest: .microseconds(slowest))
    }

    private static func outcome(
        of native: UnsafePointer<rd_kafka_message_t>
    ) -> DeliveryTicket.Outcome {
        let message = native.pointee
        switch message.err {
        case RD_KAFKA_RESP_ERR_NO_ERROR:
            let topic = message.rkt.map { String(cString: rd_kafka_topic_name($0)) } ?? ""
            return .success(
                KafkaPosition(
                    partition: KafkaPartition(topic: topic, number: message.partition),
                    offset: message.offset))
        case RD_KAFKA_RESP_ERR__PURGE_QUEUE, RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
            return .failure(.closed)
        case RD_KAFKA_RESP_ERR__FATAL:
            return .failure(.refused(message.err, fatal: true))
        default:
            return .failure(.refused(message.err))
        }
    }
}
