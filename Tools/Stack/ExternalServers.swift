// SPDX-License-Identifier: Apache-2.0

/// Servers that somebody else runs, used instead of the stack's own.
struct ExternalServers: Sendable {
    /// `LATCHKEY_KAFKA`: `host:port,…`, `tls://…` or `scram://…`.
    let kafka: String?
    /// `LATCHKEY_DATABASE`: a connection URL.
    let database: String?

    init(_ variables: [String: String]) {
        kafka = variables["LATCHKEY_KAFKA"].flatMap { $0.isEmpty ? nil : $0 }
        database = variables["LATCHKEY_DATABASE"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Refuses what cannot work before anything is started.
    func check() throws(StackError) {
        if let database,
            !database.hasPrefix("postgresql://") && !database.hasPrefix("postgres://")
        {
            throw .setting(
                "LATCHKEY_DATABASE", "it is no URL like postgresql://user@host/database")
        }
        if let kafka, !kafka.contains("://"),
            kafka.split(separator: ",").contains(where: isNoAddress)
        {
            throw .setting("LATCHKEY_KAFKA", "it takes host:port")
        }
    }

    /// Whether it can be told from here that nobody listens at the broker's address.
    var brokerIsAway: Bool {
        guard let kafka, let port = kafka.split(separator: ":").last.flatMap({ Int($0) }),
            ["127.0.0.1:\(port)", "localhost:\(port)"].contains(kafka)
        else { return false }
        return !PortPlan.isListening(port)
    }

    private func isNoAddress(_ text: Substring) -> Bool {
        guard let colon = text.lastIndex(of: ":"), colon > text.startIndex else { return true }
        return UInt16(text[text.index(after: colon)...]) == nil
    }
}
