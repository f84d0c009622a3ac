// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import JWTKit
import KeyCrypto

/// Puts a report under the vehicle's signature: compact JWS, ES256, `kid` = vehicle id.
enum ReportSigner {
    static func sign(_ report: QueuedReport, with key: PrivateKey) async throws
        -> SignedVehicleReport
    {
        let id = report.vehicleId.description
        let keys = JWTKeyCollection()
        await keys.add(
            ecdsa: try ES256PrivateKey(backing: key.signingKey), kid: JWKIdentifier(string: id))
        let payload = ReportPayload(
            report: VehicleReport(
                vehicleId: report.vehicleId, sequence: report.sequence, at: report.at,
                fact: report.fact))
        return SignedVehicleReport(
            vehicleId: report.vehicleId,
            jws: try await keys.sign(payload, kid: JWKIdentifier(string: id)))
    }

    /// The event id of a report: the same whenever it is sent, so that inboxes drop repeats.
    static func eventId(of report: QueuedReport) -> String {
        let name = Array("report/\(report.vehicleId)/\(report.sequence)".utf8)
        var bytes = Array(sha256(name).prefix(16))
        // RFC 9562: version 8 (our own scheme), variant 10.
        bytes[6] = bytes[6] & 0x0F | 0x80
        bytes[8] = bytes[8] & 0x3F | 0x80
        let digits = bytes.hex
        var parts: [Substring] = []
        var rest = digits[...]
        for length in [8, 4, 4, 4, 12] {
            parts.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return parts.joined(separator: "-")
    }
}

/// The claims of a report are the report itself.
struct ReportPayload: JWTPayload {
    let report: VehicleReport

    init(report: VehicleReport) { self.report = report }
    init(from decoder: any Decoder) throws { report = try VehicleReport(from: decoder) }
    func encode(to encoder: any Encoder) throws { try report.encode(to: encoder) }
    func verify(using algorithm: some JWTAlgorithm) async throws {}
}
