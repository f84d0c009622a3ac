// SPDX-License-Identifier: Apache-2.0

/// A device OEM that may take part.
struct Partner: Equatable, Sendable {
    var deviceOemId: String
    /// DER of [D].
    var root: [UInt8]
    /// DER of [F].
    var externalCA: [UInt8]
    /// Base URL of its server, when it takes calls.
    var server: String?
    /// PEM of the root of its server certificate.
    var tlsRoot: String?
}
