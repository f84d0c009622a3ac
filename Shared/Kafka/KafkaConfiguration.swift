// SPDX-License-Identifier: Apache-2.0

/// How to reach the brokers; shared by producers, consumers and administration.
public struct KafkaConfiguration: Sendable {
    /// `host:port` of one or more brokers.
    public var bootstrapServers: [String]
    /// The name brokers log this client under.
    public var clientID: String
    /// How the connection is protected.
    public var security: KafkaSecurity
    /// How often statistics reach the observer; nil is never.
    public var statisticsInterval: Duration? = .seconds(5)
    /// How long one request may take before the connection is given up.
    public var requestTimeout: Duration = .seconds(10)
    /// The longest pause between two attempts to reach a broker.
    public var longestReconnectPause: Duration = .seconds(2)
    /// How often topics and their leaders are asked for.
    public var metadataInterval: Duration = .seconds(10)
    /// The largest record in bytes, key and headers included (Kafka's default).
    public var largestRecord: Int = 1_000_000

    /// `security` has no default: plaintext is used only where somebody asked for it.
    public init(bootstrapServers: [String], clientID: String, security: KafkaSecurity) {
        self.bootstrapServers = bootstrapServers
        self.clientID = clientID
        self.security = security
    }

    func settings() throws(KafkaError) -> [Setting] {
        guard !bootstrapServers.isEmpty, bootstrapServers.count <= 64 else {
            throw .configuration("1 to 64 bootstrap servers are needed")
        }
        for server in bootstrapServers where !Self.isHostAndPort(server) {
            throw .configuration("bootstrap server \(server) is not host:port")
        }
        guard (1_000...100_000_000).contains(largestRecord) else {
            throw .configuration("largest record must be 1,000 to 100,000,000 bytes")
        }
        let common: [Setting] = [
            Setting("bootstrap.servers", bootstrapServers.joined(separator: ",")),
            Setting("client.id", clientID),
            Setting("socket.keepalive.enable", "true"),
            Setting("socket.nagle.disable", "true"),
            Setting("socket.timeout.ms", requestTimeout.milliseconds(atLeast: 1_000)),
            Setting("reconnect.backoff.ms", "50"),
            Setting("reconnect.backoff.max.ms", longestReconnectPause.milliseconds(atLeast: 50)),
            Setting("topic.metadata.refresh.interval.ms", metadataInterval.milliseconds()),
            Setting("topic.metadata.refresh.fast.interval.ms", "100"),
            Setting("message.max.bytes", String(largestRecord)),
            Setting("statistics.interval.ms", statisticsInterval?.milliseconds() ?? "0"),
        ]
        return common + (try security.settings())
    }

    private static func isHostAndPort(_ text: String) -> Bool {
        guard let colon = text.lastIndex(of: ":") else { return false }
        let host = text[..<colon]
        guard let port = UInt16(text[text.index(after: colon)...]), port > 0 else { return false }
        let allowed = host.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || "0123456789.-_[]:".contains(Character($0)))
        }
        return !host.isEmpty && allowed && (host.hasPrefix("[") || !host.contains(":"))
    }
}

/// How the connection to a broker is protected.
public enum KafkaSecurity: Sendable {
    /// Neither encrypted nor authenticated: development only.
    case plaintext
    /// TLS; with a client certificate it is mutual.
    case tls(KafkaTLS)
    /// TLS, and SCRAM-SHA-512 (RFC 5802, RFC 7677) inside it.
    case scram(user: String, password: KafkaPassword, KafkaTLS)

    func settings() throws(KafkaError) -> [Setting] {
        switch self {
        case .plaintext:
            return [Setting("security.protocol", "plaintext")]
        case .tls(let tls):
            return [Setting("security.protocol", "ssl")] + (try tls.settings())
        case .scram(let user, let password, let tls):
            guard !user.isEmpty, !password.text.isEmpty else {
                throw .configuration("SCRAM needs a user and a password")
            }
            return [
                Setting("security.protocol", "sasl_ssl"),
                Setting("sasl.mechanism", "SCRAM-SHA-512"),
                Setting("sasl.username", user),
                Setting("sasl.password", password.text, isSecret: true),
            ] + (try tls.settings())
        }
    }
}

/// Files for TLS, all PEM.
public struct KafkaTLS: Sendable {
    /// Roots that may have issued the broker's certificate; nil is the system's.
    public var rootsFile: String?
    /// The client's certificate chain, for mutual TLS.
    public var certificateFile: String?
    /// The client's key.
    public var keyFile: String?
    /// Opens the client's key.
    public var keyPassword: KafkaPassword?

    /// Server authentication only, unless certificate and key are given.
    public init(
        rootsFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil,
        keyPassword: KafkaPassword? = nil
    ) {
        self.rootsFile = rootsFile
        self.certificateFile = certificateFile
        self.keyFile = keyFile
        self.keyPassword = keyPassword
    }

    func settings() throws(KafkaError) -> [Setting] {
        guard (certificateFile == nil) == (keyFile == nil) else {
            throw .configuration("a client certificate and its key come together")
        }
        var settings = [
            Setting("enable.ssl.certificate.verification", "true"),
            Setting("ssl.endpoint.identification.algorithm", "https"),
        ]
        if let rootsFile { settings.append(Setting("ssl.ca.location", rootsFile)) }
        if let certificateFile {
            settings.append(Setting("ssl.certificate.location", certificateFile))
        }
        if let keyFile { settings.append(Setting("ssl.key.location", keyFile)) }
        if let keyPassword {
            settings.append(Setting("ssl.key.password", keyPassword.text, isSecret: true))
        }
        return settings
    }
}

/// A password; prints as `<redacted>`.
public struct KafkaPassword: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    let text: String

    /// Wraps `text`.
    public init(_ text: String) { self.text = text }

    /// Always `<redacted>`.
    public var description: String { "<redacted>" }
    /// Always `<redacted>`.
    public var debugDescription: String { "<redacted>" }
    /// Nothing to reflect.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// One property of librdkafka.
struct Setting: Sendable {
    let name: String
    let value: String
    let isSecret: Bool

    init(_ name: String, _ value: String, isSecret: Bool = false) {
        self.name = name
        self.value = value
        self.isSecret = isSecret
    }
}

extension Duration {
    /// Whole milliseconds, at most a day, as librdkafka wants them.
    func milliseconds(atLeast least: Int64 = 1) -> String {
        String(Swift.max(least, Int64(wholeMilliseconds)))
    }

    var wholeMilliseconds: Int32 {
        let (seconds, attoseconds) = components
        let bounded = Swift.min(Swift.max(seconds, 0), 86_400)
        return Int32(bounded * 1_000 + (seconds < 0 ? 0 : attoseconds / 1_000_000_000_000_000))
    }
}
