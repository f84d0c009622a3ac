// SPDX-License-Identifier: Apache-2.0

public import Identifiers

/// A car as one session found it: enough to run that session again. Secret, like the record in it.
public struct TracedCar: Codable, Equatable, Sendable {
    public var record: VehicleRecord
    /// What the reader is for.
    public var purpose: ReaderSession.Purpose
    public var interface: Interface
    /// Six digits somebody had entered in the car.
    public var activationCode: String?
    /// The car's local time minus UTC.
    public var minutesFromUTC: Int

    /// A car at the start of a session; the parameters are those of `ReaderSession`.
    public init(
        record: VehicleRecord, purpose: ReaderSession.Purpose, interface: Interface = .contactless,
        activationCode: String? = nil, minutesFromUTC: Int = 0
    ) {
        self.record = record
        self.purpose = purpose
        self.interface = interface
        self.activationCode = activationCode
        self.minutesFromUTC = minutesFromUTC
    }

    /// The session.
    ///
    /// - Parameter random: draws `y`, `vehicle_eSK` and `transaction_identifier`.
    public func session(random: RandomSource) -> ReaderSession {
        ReaderSession(
            record: record, purpose: purpose, interface: interface, activationCode: activationCode,
            minutesFromUTC: minutesFromUTC, random: random)
    }
}
