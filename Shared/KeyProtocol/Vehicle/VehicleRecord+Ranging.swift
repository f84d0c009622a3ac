// SPDX-License-Identifier: Apache-2.0

public import Identifiers

extension VehicleRecord {
    /// Takes the ranging secret of a key out of the record, for one session set. The shell stores the
    /// record, also when this throws, before the first frame leaves: no secret is ever used twice.
    ///
    /// - Throws: why there can be no ranging: rights as for unlocking at the door, then the secret.
    public mutating func beginRanging(
        of slot: SlotID, at now: Instant, minutesFromUTC: Int = 0,
        policy: RangingPolicy = RangingPolicy(), random: RandomSource
    ) throws(RangingReason) -> RangingSession {
        let objection = rangingObjection(
            to: slot, at: now, minutesFromUTC: minutesFromUTC, random: random)
        if let objection { throw objection }
        guard let key = key(at: slot), let secret = key.ranging else { throw .noSecret }
        updateKey(at: slot) { $0.ranging = nil }
        guard secret.isAlive(at: now) else { throw .secretExpired }
        return RangingSession(
            key, secret, vehicleId: identity.vehicleId, policy: policy, random: random)
    }

    /// Why the key may not unlock now; asked before ranging and again before the door opens.
    public func rangingObjection(
        to slot: SlotID, at now: Instant, minutesFromUTC: Int = 0, random: RandomSource
    ) -> RangingReason? {
        guard let key = key(at: slot), key.state == .active else { return .keyEnded }
        let options = configuration.options
        guard options.rights.contains(.ranging), options.transactions.contains(.wired) else {
            return .noSecret
        }
        let car = Car(
            record: self, random: random, interface: .wired, activationCode: nil,
            minutesFromUTC: minutesFromUTC, now: now)
        return Rights.objection(to: .unlock, by: key, in: car).map(RangingReason.init)
    }
}
