// SPDX-License-Identifier: Apache-2.0

public import Identifiers

/// A text that a car leaves for the phone of a key, in the OEM area with signaling bit 4
/// (PROTOCOL 10.2, 10.4).
///
/// ```text
/// C2 n  UTF-8, 1...44 bytes, one line
/// ```
public struct CarMessage: Codable, Hashable, Sendable {
    /// What a person reads.
    public let text: String

    /// A message of 1 to 44 bytes of UTF-8: one line with something to read in it, and nothing that
    /// moves what stands around it.
    ///
    /// - Throws: `length` or `range`.
    public init(_ text: String) throws(ProtocolError) {
        guard (1...Limits.carMessage).contains(text.utf8.count) else { throw .length }
        let isLine = text.unicodeScalars.allSatisfy(Self.isText)
        guard isLine, text.contains(where: { !$0.isWhitespace }) else { throw .range }
        self.text = text
    }

    /// Reads the value of C2.
    ///
    /// - Throws: `length` or `range`; what is no UTF-8 is out of range.
    public init(parsing value: [UInt8]) throws(ProtocolError) {
        guard let text = String(validating: value, as: UTF8.self) else { throw .range }
        try self.init(text)
    }

    /// The object as it stands in the OEM area, 3 to 46 bytes.
    public var encoded: [UInt8] {
        [MailboxLayout.messageTag, UInt8(clamping: text.utf8.count)] + text.utf8
    }

    /// Neither controls nor what turns the direction or breaks the line; joined emoji are text.
    private static func isText(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: false
        case .format: scalar == "\u{200D}"
        default: true
        }
    }
}

extension VehicleRecord {
    /// Lets `message` wait for the next standard transaction of a key; it takes the place of one that
    /// still waits, and none takes that back. Returns whether the car has the key.
    @discardableResult
    public mutating func leave(_ message: CarMessage?, for keyId: KeyID) -> Bool {
        guard let key = keys.first(where: { $0.keyId == keyId }) else { return false }
        updateKey(at: key.slotId) { $0.message = message }
        return true
    }
}
