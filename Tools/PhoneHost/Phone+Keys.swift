// SPDX-License-Identifier: Apache-2.0

internal import Contracts
internal import DeviceOEM
public import Identifiers
internal import KeyProtocol
public import PKI
public import VirtualPhone

/// A key as the wallet shows it.
public struct KeyEntry: Sendable {
    public let id: KeyID
    public let vehicleId: VehicleID
    /// What the automaker calls the vehicle line or the car.
    public let vehicleName: String?
    public let isOwner: Bool
    /// Where it is in its life.
    public let phase: KeyPhase
    /// Whether key tracking has answered.
    public let isRegistered: Bool
    /// The friend's rights; owner keys have all.
    public let rights: KeyConfig?
    /// The car's last message; none when it never left one.
    public internal(set) var message: String?
    /// When it ends by itself, where its holder wished so.
    public internal(set) var endsAt: Instant?
    /// Keys given away with this one, and offers that wait.
    public let shared: [SharedKey]

    /// What a person reads: where the key is in its life, or in its time.
    public func state(at now: Instant) -> String {
        guard phase == .active else { return phase.rawValue }
        if endsAt != nil { return "ending" }
        guard let rights else { return phase.rawValue }
        if rights.hasEnded(at: now) { return "expired" }
        return rights.notBefore > now ? "waiting" : "active"
    }
}

/// A key that an owner gave away, or offered.
public struct SharedKey: Sendable {
    /// None while the friend has not taken the offer.
    public let key: KeyID?
    /// What the owner calls the friend.
    public let friend: String
    /// What the automaker calls the rights.
    public let level: String
    /// None while the friend has not taken the offer.
    public let rights: KeyConfig?
    /// Whether this phone has asked for its end.
    public let isRevoked: Bool
}

extension Phone {
    /// All keys, oldest first.
    public var keys: [KeyEntry] {
        card.state.keys.compactMap { key in
            guard let phase = card.element.phase(of: key.id) else { return nil }
            let request = key.creationRequest.flatMap { try? KeyCreationRequest(parsing: $0) }
            return KeyEntry(
                id: key.id, vehicleId: key.vehicleId, vehicleName: key.configuration.displayName,
                isOwner: key.origin == .pairing, phase: phase, isRegistered: key.receipt != nil,
                rights: request?.keyConfig, message: key.message?.text,
                endsAt: phase == .terminated ? nil : key.endsAt,
                shared: shared(by: key.id))
        }
    }

    private func shared(by owner: KeyID) -> [SharedKey] {
        let given = card.state.shares.filter { $0.owner == owner }.map { share in
            let friend = extras.friends.last { $0.key == share.friend }
            return SharedKey(
                key: share.friend, friend: friend?.name ?? "a friend", level: friend?.level ?? "",
                rights: try? ImportRequest(parsing: share.importRequest).attestation.keyConfig,
                isRevoked: friend?.isRevoked ?? false)
        }
        let offered = extras.invitations.filter { $0.owner == owner && $0.importRequest == nil }
        return given
            + offered.map {
                SharedKey(
                    key: nil, friend: $0.friend, level: $0.level, rights: nil, isRevoked: false)
            }
    }

    /// Keys that friends of the owner key `owner` got and that have ended in the car and on their
    /// devices, as its automaker told.
    public func endedShares(of owner: KeyID) throws -> [KeyID] {
        try maker.store.notifications(of: [owner])
            .filter { $0.eventType == "SHARED_KEY_TERMINATED" }
            .compactMap(\.eventData.sharedKeyID)
    }

    /// The key a person means by `name`: key id, vehicle id or what the vehicle is called.
    ///
    /// - Parameter vehicle: none when the phone has only one candidate.
    public func ownerKey(for vehicle: String?) throws -> KeyID {
        let owned = card.state.keys.filter {
            $0.origin == .pairing && card.element.phase(of: $0.id) != .terminated
        }
        let found = owned.filter { vehicle == nil || Self.isMeant($0, by: vehicle ?? "") }
        guard let key = found.first else {
            throw PhoneHostError.noKey(
                "\(name) has no owner key\(vehicle.map { " for the vehicle \($0)" } ?? "")")
        }
        guard found.count == 1 else {
            throw PhoneHostError.noKey(
                "\(name) owns several vehicles\(vehicle.map { " called \($0)" } ?? ""): name one with --vehicle"
            )
        }
        return key.id
    }

    /// The key a person means by its id or its first digits.
    public func key(_ text: String) throws -> KeyID {
        let found = card.state.keys.map(\.id).filter { Self.isMeant($0, by: text) }
        guard let key = found.first else {
            throw PhoneHostError.noKey("\(name) has no key '\(text)'")
        }
        guard found.count == 1 else {
            throw PhoneHostError.noKey("several keys of \(name) begin with '\(text)'")
        }
        return key
    }

    /// The key of a friend that a person means by its first digits; one given whole need not be known
    /// to this phone.
    public func sharedKey(_ text: String) throws -> KeyID {
        if let key = try? KeyID(hex: text) { return key }
        let found = card.state.shares.map(\.friend).filter { Self.isMeant($0, by: text) }
        guard let key = found.first else {
            throw PhoneHostError.noShare("\(name) has shared no key '\(text)'")
        }
        guard found.count == 1 else {
            throw PhoneHostError.noShare("several keys that \(name) shared begin with '\(text)'")
        }
        return key
    }

    /// The key a friend got from this phone, the newest of that name.
    public func sharedKey(of friend: String) throws -> KeyID {
        guard let found = extras.friends.last(where: { $0.name == friend }) else {
            throw PhoneHostError.noShare("\(name) has shared no key with \(friend)")
        }
        return found.key
    }

    /// Whether a friend of this name has got a key that this phone has not revoked.
    public func hasShared(with friend: String) -> Bool {
        extras.friends.contains { $0.name == friend && $0.isRevoked != true }
    }

    /// What the vehicle of `key` is called.
    func vehicleName(of key: KeyID) -> String {
        guard let found = card.state.keys.first(where: { $0.id == key }) else { return "a vehicle" }
        return found.configuration.displayName ?? "vehicle \(found.vehicleId)"
    }

    func friendName(of key: KeyID) -> String? { extras.friends.last { $0.key == key }?.name }

    private static func isMeant(_ key: KeyID, by text: String) -> Bool {
        !text.isEmpty && key.description.hasPrefix(text.lowercased())
    }

    private static func isMeant(_ key: WalletKey, by vehicle: String) -> Bool {
        key.vehicleId.description == vehicle.lowercased()
            || key.configuration.displayName?.lowercased() == vehicle.lowercased()
    }
}
