// SPDX-License-Identifier: Apache-2.0

import Identifiers
import PKI

/// Why the gateway refused something.
enum GatewayError: Error, Equatable {
    /// No vehicle with this id was provisioned.
    case vehicleUnknown
    /// The vehicle holds no such key.
    case keyUnknown
    /// What the factory sent does not fit together; says what.
    case provisioning(String)
    /// Another vehicle has this reader already.
    case readerTaken(String)
    /// A document that is not for this vehicle as it is; says why.
    case document(String)
    /// The version is not higher than the one in force.
    case rollback(inForce: Int)
    /// Two changes of one vehicle met; the caller starts again.
    case conflict
    /// The car's rules refused the change; says why.
    case refused(String)
    /// A row of the state file cannot be read.
    case stateDamaged(String)
}

extension GatewayError {
    /// What the core refused about a car's material, by the member it is in.
    init(refusing error: PKIError) {
        guard case .material(let reason) = error else {
            self = .provisioning("\(error)")
            return
        }
        self = .provisioning(reason)
    }

    /// The reason, for a person.
    var sentence: String {
        switch self {
        case .vehicleUnknown: "no vehicle with this id was provisioned"
        case .keyUnknown: "the vehicle holds no key with this id"
        case .provisioning(let reason): "the provisioning is refused: \(reason)"
        case .readerTaken(let reader): "the reader \(reader) belongs to another vehicle"
        case .document(let reason): "the document is refused: \(reason)"
        case .rollback(let version): "the version is not higher than \(version)"
        case .conflict: "two changes of the vehicle met"
        case .refused(let reason): reason
        case .stateDamaged(let what): "the state file is damaged: \(what)"
        }
    }
}
