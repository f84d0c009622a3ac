// SPDX-License-Identifier: Apache-2.0

/// What the command line says.
struct BrokerArguments {
    struct Refusal: Error { let reason: String }

    static let usage = """
        usage: latchkey-development-broker --port PORT [--partitions COUNT]
                   [--topic NAME[:COUNT]]... [--parent-pid PID]
        A Kafka broker for development: one process, 127.0.0.1 only, keeps nothing.
          --port        where it listens
          --partitions  partitions of a topic given without a count (4)
          --topic       make this topic; others are made when first used, with 4 partitions
          --parent-pid  end when that process ends
        """

    var port: UInt16 = 0
    var partitions = 4
    var topics: [(name: String, partitions: Int)] = []
    var parent: Int32 = 0

    init(_ arguments: [String]) throws(Refusal) {
        var rest = arguments[...]
        var named: [String] = []
        while let option = rest.popFirst() {
            guard let value = rest.popFirst() else {
                throw Refusal(reason: "\(option) needs a value")
            }
            switch option {
            case "--port": port = try Self.number(option, value, 1...65_535)
            case "--partitions": partitions = try Self.number(option, value, 1...1_000)
            case "--parent-pid": parent = try Self.number(option, value, 1...Int32.max)
            case "--topic": named.append(value)
            default: throw Refusal(reason: "unknown option \(option)")
            }
        }
        guard port > 0 else { throw Refusal(reason: "--port is needed") }
        for text in named {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard let name = parts.first, !name.isEmpty, parts.count <= 2 else {
                throw Refusal(reason: "--topic \(text) is not NAME or NAME:COUNT")
            }
            let count =
                parts.count == 2
                ? try Self.number("--topic", String(parts[1]), 1...1_000) : partitions
            topics.append((String(name), count))
        }
    }

    private static func number<Number: FixedWidthInteger>(
        _ option: String, _ text: String, _ range: ClosedRange<Number>
    ) throws(Refusal) -> Number {
        guard let number = Number(text), range.contains(number) else {
            throw Refusal(reason: "\(option) must be \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
