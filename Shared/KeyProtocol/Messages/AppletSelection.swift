// SPDX-License-Identifier: Apache-2.0

/// The applet's answer to SELECT (PROTOCOL 3.2).
///
/// ```text
/// 5C 2m applet versions, highest first
/// ```
public struct AppletSelection: Hashable, Sendable {
    public var versions: [ProtocolVersion]

    /// An answer.
    public init(versions: [ProtocolVersion]) { self.versions = versions }

    /// Reads the body of the response.
    public init(parsing bytes: [UInt8]) throws(ProtocolError) {
        versions = try ProtocolVersion.list(TLVMap(bytes).value(0x5C))
    }

    /// The body of the response.
    public var encoded: [UInt8] { TLV(0x5C, versions.encoded).encoded }
}
