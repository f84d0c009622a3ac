// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyCrypto
internal import KeyProtocol

/// One attempt at owner pairing, from REQUEST to OP CONTROL FLOW 02 (PROTOCOL 7.2); never saved.
struct PairingSession: Sendable {
    /// What may come next.
    enum Stage: Sendable {
        /// SPAKE2+ VERIFY.
        case requested(SPAKE2Plus.Prover)
        /// WRITE DATA of the first batch.
        case describing
        /// OP CONTROL FLOW 01.
        case described
        /// The announced loss of field.
        case awaitingReset
        /// SELECT framework.
        case awaitingSelect
        /// A protected GET DATA.
        case awaitingData
        /// GET DATA, GET RESPONSE, WRITE DATA of the second batch.
        case delivering
        /// OP CONTROL FLOW 02.
        case confirmed
    }

    /// The making of the endpoint, as 5F63 tells it (PROTOCOL 7.4).
    enum Creation: Sendable {
        case none
        /// So many questions are still answered with "pending".
        case pending(Int)
        case ready
        case failed
    }

    let request: SPAKERequest
    let startedAt: Instant
    var stage: Stage
    /// Closed until VERIFY.
    var channel = SecureChannel.closed
    var longTermSharedSecret = SecretBytes([])
    /// Plain text of the running WRITE DATA batch.
    var batch: [UInt8] = []
    /// What GET RESPONSE has still to fetch.
    var unsent: [UInt8] = []
    /// When OP CONTROL FLOW 01 came.
    var resetAnnouncedAt: Instant?
    var plan: PairingPlan?
    var creation = Creation.none
    /// The endpoint this attempt made; deleted when the attempt is aborted.
    var key: KeyID?
    var endpointCertificate: [UInt8] = []
    /// The value of 5F5A.
    var vehicleStatement: [UInt8]?

    init(request: SPAKERequest, prover: SPAKE2Plus.Prover, at now: Instant) {
        self.request = request
        startedAt = now
        stage = .requested(prover)
    }

    /// Whether phase 2, or the time around the field reset, took too long (7.4).
    func isOverdue(at now: Instant) -> Bool {
        if now > startedAt.adding(seconds: Limits.phase2) { return true }
        switch stage {
        case .awaitingReset, .awaitingSelect, .awaitingData:
            return resetAnnouncedAt.map { now > $0.adding(seconds: Limits.fieldReset) } ?? true
        default: return false
        }
    }
}
