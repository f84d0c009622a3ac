// SPDX-License-Identifier: Apache-2.0
internal import CRDKafka

typealias NativeMessage = UnsafeMutablePointer<rd_kafka_message_t>

extension KafkaMessage {
    /// Copies everything out of librdkafka's message.
    init(_ native: NativeMessage) {
        let message = native.pointee
        let topic = message.rkt.map { String(cString: rd_kafka_topic_name($0)) } ?? ""
        var type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let time = rd_kafka_message_timestamp(native, &type)
        self.init(
            position: KafkaPosition(
                partition: KafkaPartition(topic: topic, number: message.partition),
                offset: message.offset),
            key: copied(message.key, message.key_len),
            value: copied(message.payload, message.len),
            headers: Self.headers(of: native),
            timestamp: type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? nil : time)
    }

    private static func headers(of native: NativeMessage) -> [KafkaHeader] {
        var list: OpaquePointer?
        guard rd_kafka_message_headers(native, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list
        else { return [] }
        var headers: [KafkaHeader] = []
        headers.reserveCapacity(rd_kafka_header_cnt(list))
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var count = 0
        while rd_kafka_header_get_all(list, headers.count, &name, &value, &count)
            == RD_KAFKA_RESP_ERR_NO_ERROR
        {
            headers.append(
                KafkaHeader(name.map { String(cString: $0) } ?? "", copied(value, count)))
        }
        return headers
    }
}

private func copied(_ pointer: UnsafeRawPointer?, _ count: Int) -> [UInt8]? {
    pointer.map { Array(UnsafeRawBufferPointer(start: $0, count: count)) }
}

private func copied(_ pointer: UnsafeMutableRawPointer?, _ count: Int) -> [UInt8]? {
    copied(UnsafeRawPointer(pointer), count)
}

extension KafkaRecord {
    /// Gives a copy of the record to librdkafka, which answers later with `opaque`.
    func produce(_ client: Client, opaque: UnsafeMutableRawPointer) -> rd_kafka_resp_err_t {
        withBytes(of: key) { key in
            withBytes(of: value) { value in
                let headers = nativeHeaders()
                let answer = latchkey_produce(
                    client.pointer, topic, partition ?? -1, timestamp ?? 0,
                    key?.baseAddress, key?.count ?? 0, value?.baseAddress, value?.count ?? 0,
                    headers, opaque)
                if let headers, answer != RD_KAFKA_RESP_ERR_NO_ERROR {
                    rd_kafka_headers_destroy(headers)
                }
                return answer
            }
        }
    }

    private func nativeHeaders() -> OpaquePointer? {
        guard !headers.isEmpty, let list = rd_kafka_headers_new(headers.count) else { return nil }
        for header in headers {
            withBytes(of: header.value) { value in
                _ = rd_kafka_header_add(
                    list, header.name, -1, value?.baseAddress, value?.count ?? 0)
            }
        }
        return list
    }
}

/// Empty bytes have an address and nil has none, so that librdkafka tells them apart.
private func withBytes<Result>(
    of bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) -> Result
) -> Result {
    guard let bytes else { return body(nil) }
    guard bytes.isEmpty else { return bytes.withUnsafeBytes { body($0) } }
    return withUnsafeBytes(of: UInt8(0)) { body(UnsafeRawBufferPointer(rebasing: $0.prefix(0))) }
}
