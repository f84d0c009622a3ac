// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import ServiceKit

extension GatewayError: ProblemConvertible {
    /// The one mapping of refusals to HTTP.
    var problem: Problem {
        switch self {
        case .vehicleUnknown: Problem(.notFound, "VEHICLE_UNKNOWN", sentence)
        case .keyUnknown: Problem(.notFound, "KEY_UNKNOWN", sentence)
        case .provisioning: Problem(.unprocessableContent, "PROVISIONING", sentence)
        case .readerTaken: Problem(.conflict, "READER_TAKEN", sentence)
        case .document: Problem(.unprocessableContent, "DOCUMENT", sentence)
        case .rollback: Problem(.conflict, "ROLLBACK", sentence)
        case .conflict: Problem(.conflict, "CONFLICT", sentence)
        case .refused: Problem(.unprocessableContent, "REFUSED", sentence)
        case .stateDamaged: Problem(.internalServerError, "STATE", sentence)
        }
    }
}
