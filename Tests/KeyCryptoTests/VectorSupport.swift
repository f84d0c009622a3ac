// SPDX-License-Identifier: Apache-2.0

import Identifiers
@testable import KeyCrypto
import TestKit
import Testing

/// The class word of what `body` throws, none when it does not.
func refusal(_ body: () throws -> Void) throws -> String? {
    do {
        try body()
        return nil
    } catch let error as CryptoError {
        return String(describing: error)
    }
}

/// A source that hands out `values` whatever is asked for, then zeros.
func scripted(_ values: [UInt8]...) -> RandomSource {
    let queue = Queue(values)
    return RandomSource { count, _ in queue.next() ?? [UInt8](repeating: 0, count: count) }
}

private final class Queue: @unchecked Sendable {
    private var values: [[UInt8]]
    init(_ values: [[UInt8]]) { self.values = values }
    func next() -> [UInt8]? { values.isEmpty ? nil : values.removeFirst() }
}

extension VectorValue {
    func key(_ name: String) throws -> PrivateKey { try PrivateKey(scalar: hex(name)) }

    func channelKeys() throws -> ChannelKeys {
        ChannelKeys(
            encryption: try hex("Kenc"), mac: try hex("Kmac"), responseMAC: try hex("Krmac"))
    }
}
