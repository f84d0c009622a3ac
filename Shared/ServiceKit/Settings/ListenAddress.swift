// SPDX-License-Identifier: Apache-2.0

/// Where a listener waits: `host:port`, with IPv6 hosts in brackets; port 0 takes any free one.
public struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// Name or address to bind.
    public let host: String
    /// TCP port, 0...65535.
    public let port: Int

    /// The address `host`, `port`.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `127.0.0.1:8080`, `localhost:0` or `[::1]:8080`; none for anything else.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...])
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, !host.contains(where: \.isWhitespace) else { return nil }
        self.init(host: String(host), port: Int(port))
    }

    /// The text that `init(_:)` reads.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
