// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// A relay this device OEM lets its phones use (SERVER 2.5, step 4): one entry of `relays.json`.
public struct Relay: Codable, Equatable, Sendable {
    /// Base URL, `https://host[:port]`.
    public let url: String
    /// PEM of the root of its TLS certificate; none means the roots of the system.
    public let tlsRoot: String?

    /// A relay.
    public init(url: String, tlsRoot: String?) {
        self.url = url
        self.tlsRoot = tlsRoot
    }

    /// Whether a mailbox link leads to this relay: same scheme, host and port.
    public func serves(_ link: URLComponents) -> Bool {
        guard let own = URLComponents(string: url), own.scheme?.lowercased() == "https",
            link.scheme?.lowercased() == "https", let host = own.host?.lowercased()
        else { return false }
        return host == link.host?.lowercased() && (own.port ?? 443) == (link.port ?? 443)
    }
}
