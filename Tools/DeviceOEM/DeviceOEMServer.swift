// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Identifiers
internal import Logging
internal import PKI
public import ServiceKit
internal import ServiceLifecycle
internal import UnixSignals

/// What automakers call: HTTPS with mutual TLS, a certificate under [D], clients under the roots
/// of imported automakers only.
public struct DeviceOEMServer: Sendable {
    /// The device OEM it speaks for.
    public let maker: PhoneMaker
    /// Where it waits.
    public let address: ListenAddress

    /// A server that is not started yet.
    public init(maker: PhoneMaker, address: ListenAddress) {
        self.maker = maker
        self.address = address
    }

    /// Serves until SIGTERM, SIGINT or cancellation.
    public func run(handlesSignals: Bool = true) async throws {
        let host = ServiceHost(
            service: "device-oem", clock: maker.clock, random: maker.random,
            logger: Logger(label: "device-oem"))
        let roots = ClientRoots()
        let watch = AutomakerWatch(maker: maker, roots: roots)
        watch.reload(host.logger)
        let listener = HTTPListener(
            "partners", at: address, host: host,
            security: .mutualTLS(try identity(), clients: roots), style: .partner,
            takesRequestIds: false
        ) { router in
            DeviceOEMRoutes(maker: maker).add(to: router)
        }
        try maker.announce(server: "https://\(address)")
        var logger = Logger(label: "device-oem")
        logger.logLevel = .error
        try await ServiceGroup(
            configuration: .init(
                services: [watch, listener],
                gracefulShutdownSignals: handlesSignals ? [.sigterm, .sigint] : [], logger: logger)
        ).run()
    }

    /// A fresh server certificate for the address.
    private func identity() throws -> TLSCredentials {
        let number = Self.bytes(ofAddress: address.host)
        let tls = try maker.pki.tls().server(
            dnsNames: number == nil ? [address.host] : ["localhost"],
            addresses: number.map { [$0] } ?? [], notBefore: PhoneMaker.start(maker.clock),
            notAfter: maker.clock.now.adding(seconds: 365 * 86_400), random: maker.random)
        return try TLSCredentials(
            certificatePEM: Array(tls.pemCertificate.utf8), keyPEM: Array(tls.pemKey.utf8))
    }

    /// Four bytes of an IPv4 or sixteen of an IPv6 address; none for a name.
    static func bytes(ofAddress host: String) -> [UInt8]? {
        var v4 = in_addr()
        if inet_pton(AF_INET, host, &v4) == 1 { return withUnsafeBytes(of: v4) { Array($0) } }
        var v6 = in6_addr()
        if inet_pton(AF_INET6, host, &v6) == 1 { return withUnsafeBytes(of: v6) { Array($0) } }
        return nil
    }
}

/// Notices bundles that are imported while the server runs.
private struct AutomakerWatch: Service {
    let maker: PhoneMaker
    let roots: ClientRoots

    func run() async throws {
        let logger = Logger(label: "device-oem")
        try? await cancelWhenGracefulShutdown {
            while true {
                try await Task.sleep(for: .milliseconds(500))
                reload(logger)
            }
        }
    }

    func reload(_ logger: Logger) {
        do {
            roots.replace(
                with: try maker.automakers().flatMap {
                    try ClientRoot.all(name: $0.vehicleOemId, pem: $0.transportRoots)
                })
        } catch {
            logger.warning("the imported automakers cannot be read: \(error)")
        }
    }
}
