// SPDX-License-Identifier: Apache-2.0

import KeyProtocol

/// What can happen to an answer on the way.
enum Damage {
    typealias Change = @Sendable ([UInt8]) -> [UInt8]?

    /// Cut at places all over, flipped all over, doubled, empty, gone.
    static let all: [Change] = {
        var changes: [Change] = [{ $0 + $0 }, { _ in [] }, { _ in nil }]
        for place in stride(from: 0, to: 260, by: 3) {
            changes.append { bytes in Array(bytes.prefix(min(place, bytes.count - 1))) }
            changes.append(flip(place))
        }
        return changes
    }()

    /// One bit of one byte.
    static func flip(_ place: Int) -> Change {
        { bytes in
            let index = place % max(bytes.count, 1)
            return bytes.enumerated().map { $0.offset == index ? $0.element ^ 0x10 : $0.element }
        }
    }

    /// The CONTROL FLOW a phone gets that gave the car `answer` to command number `index`: SELECT, AUTH0,
    /// AUTH1, EXCHANGE. None without an applet, or when the phone is gone.
    static func controlFlow(after answer: [UInt8]?, _ index: Int) -> String? {
        guard let answer else { return nil }
        return switch (index, answer.suffix(2)) {
        case (0, [0x90, 0x00]): "0000"
        case (0, _): nil
        case (2, [0x69, 0x82]): "0001"
        case (2, [0x69, 0x85]): "0005"
        default: "0000"
        }
    }

    /// Another status word, without a body.
    static func status(_ status: StatusWord) -> Change { { _ in status.bytes } }

    /// Other objects under the same status word.
    static func objects(_ change: @escaping @Sendable (inout [TLV]) -> Void) -> Change {
        { bytes in
            var objects = (try? TLV.list(Array(bytes.dropLast(2)))) ?? []
            change(&objects)
            return objects.encoded + bytes.suffix(2)
        }
    }
}

extension [TLV] {
    /// What is under a tag; setting it changes the first such object, none removes it.
    subscript(tag tag: Tag) -> [UInt8]? {
        get { first { $0.tag == tag }?.value }
        set {
            guard let index = firstIndex(where: { $0.tag == tag }) else { return }
            if let newValue { self[index].value = newValue } else { remove(at: index) }
        }
    }

    /// The object once more, at the end.
    mutating func double(_ tag: Tag) {
        guard let value = self[tag: tag] else { return }
        append(TLV(tag, value))
    }
}
