// SPDX-License-Identifier: Apache-2.0

/// What a device OEM gives an automaker to take part: `device-oem.json`.
public struct DeviceOEMBundle: Codable, Equatable, Sendable {
    public var environment: String
    public var deviceOemId: String
    /// PEM of the device OEM root [D]; also the root of its TLS client certificate.
    public var root: String
    /// Base URL of its own server for manageKey and eventNotification; none when it takes no calls.
    public var server: String?
    /// PEM of the root of its server certificate; none means `root`.
    public var tlsRoot: String?

    public init(
        environment: String, deviceOemId: String, root: String, server: String?, tlsRoot: String?
    ) {
        self.environment = environment
        self.deviceOemId = deviceOemId
        self.root = root
        self.server = server
        self.tlsRoot = tlsRoot
    }
}

/// What an automaker gives a device OEM in return: `automaker.json`. Certificates are PEM.
public struct AutomakerBundle: Codable, Equatable, Sendable {
    public var environment: String
    public var vehicleOemId: String
    /// Automaker root [J].
    public var root: String
    /// Brand or regional certificates under [J]; may be empty.
    public var intermediates: [String]
    /// [F]: the device OEM's root key and name, certified by [J].
    public var externalCA: String
    /// [P]: recipient of ECIES_v1 containers.
    public var encryption: String
    /// [Q]: signs receipts and commands.
    public var signature: String
    /// Base URL of the partner API (`https://host:port`); none when there is no server.
    public var server: String?
    /// PEM of the root of the partner API's TLS certificates; none means `root`.
    public var tlsRoot: String?
    /// What its readers call themselves in polling frames, three hexadecimal digits.
    public var readerMake: String?

    public init(
        environment: String, vehicleOemId: String, root: String, intermediates: [String],
        externalCA: String, encryption: String, signature: String, server: String?,
        tlsRoot: String?, readerMake: String? = nil
    ) {
        self.environment = environment
        self.vehicleOemId = vehicleOemId
        self.root = root
        self.intermediates = intermediates
        self.externalCA = externalCA
        self.encryption = encryption
        self.signature = signature
        self.server = server
        self.tlsRoot = tlsRoot
        self.readerMake = readerMake
    }
}
