// SPDX-License-Identifier: Apache-2.0

internal import Foundation
public import Kafka

/// Who speaks, in which environment, over which brokers.
public struct MessagingSettings: Sendable {
    /// The service, for example `key-registry`: its consumer group, and `ce_source` after `latchkey/`.
    public var service: String
    /// The environment all topic names start with.
    public var environment: String
    /// The brokers.
    public var kafka: KafkaConfiguration

    /// Describes a service on `brokers`:
    ///
    ///     host:9092,host:9092                                    plaintext, for development
    ///     tls://host:9093?ca=FILE&certificate=FILE&key=FILE      (mutual) TLS, PEM files
    ///     scram://user@host:9093?passwordFile=FILE&ca=FILE       SCRAM-SHA-512 inside TLS
    public init(service: String, environment: String, brokers: String) throws(KafkaError) {
        self.service = service
        self.environment = environment
        let address = try BrokerAddress(brokers)
        kafka = KafkaConfiguration(
            bootstrapServers: address.servers, clientID: "latchkey-\(service)",
            security: address.security)
    }

    /// `ce_source` of everything this service says.
    public var source: String { "latchkey/\(service)" }
}

/// The text form of broker addresses.
struct BrokerAddress {
    let servers: [String]
    let security: KafkaSecurity

    init(_ text: String) throws(KafkaError) {
        let scheme = text.range(of: "://")
        let rest = text[(scheme?.upperBound ?? text.startIndex)...]
        let parts = rest.split(separator: "?", maxSplits: 1)
        var options: [String: String] = [:]
        for pair in parts.dropFirst().joined().split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1).map(String.init)
            guard let name = sides.first, let value = sides.dropFirst().first else {
                throw .configuration("broker options are name=value, joined with &")
            }
            options[name] = value
        }
        let sides = (parts.first ?? "").split(separator: "@", maxSplits: 1).map(String.init)
        let files = KafkaTLS(
            rootsFile: options.removeValue(forKey: "ca"),
            certificateFile: options.removeValue(forKey: "certificate"),
            keyFile: options.removeValue(forKey: "key"))
        let passwordFile = options.removeValue(forKey: "passwordFile")
        guard options.isEmpty else { throw .configuration("there are unknown broker options") }
        switch (scheme.map { String(text[..<$0.lowerBound]) }, sides.first, passwordFile) {
        case (nil, _, nil), ("plaintext", _, nil): security = .plaintext
        case ("tls", _, nil): security = .tls(files)
        case ("scram", let user?, let file?) where sides.count == 2:
            guard let password = try? String(contentsOfFile: file, encoding: .utf8) else {
                throw .configuration("the broker password file cannot be read")
            }
            let line = password.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
            security = .scram(user: user, password: KafkaPassword(line), files)
        default: throw .configuration("brokers are host:port,…, tls://… or scram://user@…")
        }
        servers = (sides.last ?? "").split(separator: ",").map(String.init)
    }
}
