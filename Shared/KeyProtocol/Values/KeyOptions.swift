// SPDX-License-Identifier: Apache-2.0

/// The two option bytes of an endpoint (PROTOCOL 7.6), on the wire `group1 ‖ group2`.
public struct KeyOptions: Hashable, Sendable, Codable {
    /// option_group_1.
    public var transactions: Transactions
    /// option_group_2.
    public var rights: Rights

    /// Options from the two bytes.
    public init(_ group1: UInt8, _ group2: UInt8) {
        transactions = Transactions(rawValue: group1)
        rights = Rights(rawValue: group2)
    }

    /// 8F 03.
    public static let ownerDefault = KeyOptions(0x8F, 0x03)
    /// 8F 02.
    public static let friendDefault = KeyOptions(0x8F, 0x02)

    /// 9F 0B: the owner's key of a vehicle line with passive entry.
    public static let ownerPassiveEntry = KeyOptions(0x9F, 0x0B)

    /// 8F, with the stream where the owner's key has it, and the owner's rights but sharing: what
    /// the car asks for before it drives, it asks of all keys (PROTOCOL 8.9). 8F 02 of 8F 03.
    public static func friend(of owner: KeyOptions) -> KeyOptions {
        var options = friendDefault
        options.transactions.formUnion(owner.transactions.intersection(.wired))
        options.rights = owner.rights.subtracting(.sharing)
        return options
    }

    /// Options from exactly two bytes.
    public init(parsing bytes: [UInt8]) throws(ProtocolError) {
        guard bytes.count == 2, let first = bytes.first, let last = bytes.last else {
            throw .length
        }
        self.init(first, last)
    }

    /// Two bytes.
    public var bytes: [UInt8] { [transactions.rawValue, rights.rawValue] }

    /// Whether this profile allows them: contactless must be possible, unused bits are zero.
    public var isAllowed: Bool {
        transactions.contains(.contactless) && rights.isSubset(of: Rights.all)
    }

    /// option_group_1: how the key may be used over the air.
    public struct Transactions: OptionSet, Hashable, Sendable, Codable {
        /// The byte on the wire.
        public let rawValue: UInt8
        /// Bits as on the wire.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// b0: fast transactions.
        public static let fast = Transactions(rawValue: 0x01)
        /// b1: EXCHANGE after a fast transaction.
        public static let exchangeAfterFast = Transactions(rawValue: 0x02)
        /// b2: EXCHANGE after a standard transaction.
        public static let exchangeAfterStandard = Transactions(rawValue: 0x04)
        /// b3: contactless; must be set.
        public static let contactless = Transactions(rawValue: 0x08)
        /// b4: wired or BLE.
        public static let wired = Transactions(rawValue: 0x10)
        /// b5: user authentication before fast.
        public static let userBeforeFast = Transactions(rawValue: 0x20)
        /// b6: user authentication before drive.
        public static let userBeforeDrive = Transactions(rawValue: 0x40)
        /// b7: AUTH1 returns the signaling byte.
        public static let signalingInAuth1 = Transactions(rawValue: 0x80)
    }

    /// option_group_2: what the key is good for.
    public struct Rights: OptionSet, Hashable, Sendable, Codable {
        /// The byte on the wire.
        public let rawValue: UInt8
        /// Bits as on the wire.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// b0: sharing.
        public static let sharing = Rights(rawValue: 0x01)
        /// b1: drive needs the immobilizer token.
        public static let tokenToDrive = Rights(rawValue: 0x02)
        /// b2: drive needs the KTS receipt.
        public static let receiptToDrive = Rights(rawValue: 0x04)
        /// b3: derive a ranging key.
        public static let ranging = Rights(rawValue: 0x08)
        /// The four bits that have a meaning.
        public static let all: Rights = [.sharing, .tokenToDrive, .receiptToDrive, .ranging]
    }
}
