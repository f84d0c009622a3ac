// SPDX-License-Identifier: Apache-2.0

public import Identifiers

/// How the vehicle line uses keys; may change with a software update.
public struct VehicleConfiguration: Codable, Equatable, Sendable {
    /// Options of owner keys; bits b1 and b2 of group 2 count for friend keys too (PROTOCOL 8.9).
    public var options: KeyOptions
    /// 7F4D, one for all keys of the car.
    public var mapping: MailboxMapping
    /// 7F4E.
    public var device: DeviceConfiguration
    /// 83 and 84 of owner keys.
    public var ownerNotBefore: Instant
    public var ownerNotAfter: Instant
    /// Keys besides that of [J] in 89; 65 bytes each.
    public var furtherAuthorizedKeys: [[UInt8]]
    /// 8A, 32 bytes.
    public var accountInfoHash: [UInt8]?

    /// A configuration; the owner's key has no end unless told otherwise.
    public init(
        options: KeyOptions = .ownerDefault, mapping: MailboxMapping = .standard,
        device: DeviceConfiguration = DeviceConfiguration(), ownerNotBefore: Instant,
        ownerNotAfter: Instant = .noEnd, furtherAuthorizedKeys: [[UInt8]] = [],
        accountInfoHash: [UInt8]? = nil
    ) {
        self.options = options
        self.mapping = mapping
        self.device = device
        self.ownerNotBefore = ownerNotBefore
        self.ownerNotAfter = ownerNotAfter
        self.furtherAuthorizedKeys = furtherAuthorizedKeys
        self.accountInfoHash = accountInfoHash
    }
}
