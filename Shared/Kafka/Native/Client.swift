// SPDX-License-Identifier: Apache-2.0
internal import CRDKafka
internal import Foundation

/// What librdkafka calls back with; lives exactly as long as its client.
final class ClientHooks: Sendable {
    let observer: (any KafkaObserver)?
    let start: StartingPoint
    let rebalance: (@Sendable (Rebalance) -> Void)?
    let measured: (@Sendable (KafkaStatistics) -> Void)?

    init(
        observer: (any KafkaObserver)?,
        start: StartingPoint = StartingPoint(.committed),
        rebalance: (@Sendable (Rebalance) -> Void)? = nil,
        measured: (@Sendable (KafkaStatistics) -> Void)? = nil
    ) {
        self.observer = observer
        self.start = start
        self.rebalance = rebalance
        self.measured = measured
    }

    func failed(_ client: OpaquePointer, _ code: rd_kafka_resp_err_t, _ reason: String) {
        guard code == RD_KAFKA_RESP_ERR__FATAL else {
            observer?.kafkaFailed(.refused(code), reason: reason)
            return
        }
        observer?.kafkaFailed(Client.fatalError(of: client), reason: reason)
    }

    func statistics(_ json: UnsafeRawBufferPointer) {
        guard let numbers = KafkaStatistics(json: json) else { return }
        measured?(numbers)
        observer?.kafkaMeasured(numbers)
    }

    static func of(_ opaque: UnsafeMutableRawPointer?) -> ClientHooks? {
        opaque.map { Unmanaged<ClientHooks>.fromOpaque($0).takeUnretainedValue() }
    }
}

/// The one owner of an `rd_kafka_t`, which is thread-safe; destroyed with its last reference.
final class Client: @unchecked Sendable {
    enum Kind { case producer, consumer }

    let pointer: OpaquePointer
    private let hooks: Unmanaged<ClientHooks>

    init(_ kind: Kind, _ settings: [Setting], hooks: ClientHooks) throws(KafkaError) {
        guard let configuration = rd_kafka_conf_new() else {
            throw .configuration("out of memory")
        }
        for setting in settings {
            do { try Self.set(setting, in: configuration) } catch {
                rd_kafka_conf_destroy(configuration)
                throw error
            }
        }
        let retained = Unmanaged.passRetained(hooks)
        rd_kafka_conf_set_opaque(configuration, retained.toOpaque())
        Self.setCallbacks(kind, in: configuration)
        var reason = [CChar](repeating: 0, count: 512)
        let type = kind == .producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER
        guard let client = rd_kafka_new(type, configuration, &reason, reason.count) else {
            rd_kafka_conf_destroy(configuration)  // stays ours when the client is refused
            retained.release()
            throw .configuration(text(reason))
        }
        pointer = client
        self.hooks = retained
    }

    deinit {
        rd_kafka_destroy(pointer)
        hooks.release()
    }

    private static func set(
        _ setting: Setting, in configuration: OpaquePointer
    ) throws(KafkaError) {
        var reason = [CChar](repeating: 0, count: 512)
        let answer = rd_kafka_conf_set(
            configuration, setting.name, setting.value, &reason, reason.count)
        guard answer != RD_KAFKA_CONF_OK else { return }
        throw .configuration(setting.isSecret ? "\(setting.name) is refused" : text(reason))
    }

    private static func setCallbacks(_ kind: Kind, in configuration: OpaquePointer) {
        rd_kafka_conf_set_log_cb(configuration) { client, level, facility, line in
            guard let client, let line else { return }
            let place = facility.map { String(cString: $0) } ?? ""
            ClientHooks.of(rd_kafka_opaque(client))?.observer?
                .kafkaLogged(level: Int(level), line: "\(place) \(String(cString: line))")
        }
        guard kind == .consumer else {
            let events = RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS
            rd_kafka_conf_set_events(configuration, events)
            return
        }
        rd_kafka_conf_set_error_cb(configuration) { client, code, reason, opaque in
            guard let client else { return }
            let reason = reason.map { String(cString: $0) } ?? ""
            ClientHooks.of(opaque)?.failed(client, rd_kafka_resp_err_t(code), reason)
        }
        rd_kafka_conf_set_stats_cb(configuration) { _, json, count, opaque in
            ClientHooks.of(opaque)?.statistics(UnsafeRawBufferPointer(start: json, count: count))
            return 0  // librdkafka frees the text
        }
        rd_kafka_conf_set_rebalance_cb(configuration) { client, code, list, opaque in
            guard let client, let list, let hooks = ClientHooks.of(opaque) else { return }
            Rebalance.perform(client, code, list, hooks)
        }
    }

    /// The reason why a client can do nothing any more.
    static func fatalError(of client: OpaquePointer) -> KafkaError {
        let code = rd_kafka_fatal_error(client, nil, 0)
        return .refused(
            code == RD_KAFKA_RESP_ERR_NO_ERROR ? RD_KAFKA_RESP_ERR__FATAL : code, fatal: true)
    }
}

/// The text of a zero-terminated buffer.
func text(_ buffer: [CChar]) -> String {
    String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// Runs `body` on a thread of its own, where it may block.
func onOwnThread(_ name: String, _ body: @escaping @Sendable () -> Void) {
    let thread = Thread(block: body)
    thread.name = name
    thread.stackSize = 1 << 20
    thread.start()
}

extension Array {
    /// Everything, leaving nothing behind.
    mutating func take() -> Self {
        defer { self = [] }
        return self
    }
}
