// SPDX-License-Identifier: Apache-2.0

public import HTTPTypes
public import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
public import ServiceLifecycle

/// How a listener protects its connections.
public enum ListenerSecurity: Sendable {
    /// Plain HTTP; only for loopback.
    case plain
    /// HTTPS.
    case tls(TLSCredentials)
    /// HTTPS that asks every client for a certificate under one of `clients`.
    case mutualTLS(TLSCredentials, clients: ClientRoots)
}

/// One address with its routes; runs as a service.
///
/// ```swift
/// HTTPListener("api", at: settings.apiAddress, host: host) { router in
///     router.post("v1/keys") { request, context in … }
/// }
/// ```
public struct HTTPListener: Service {
    static let adminName = "admin"

    /// Short name in logs and metrics.
    public let name: String
    /// Where it waits.
    public let address: ListenAddress
    let security: ListenerSecurity
    let edge: Edge
    let host: ServiceHost

    /// A listener whose routes `routes` adds to a router.
    ///
    /// - Parameters:
    ///   - takesRequestIds: whether a caller's `x-request-id` and `traceparent` name the request in
    ///     logs; not where that would link what must stay apart.
    ///   - echoes: what every answer, refusals included, repeats of its request's headers.
    ///   - problems: the one error mapping of the service, for errors that are neither `Problem`
    ///     nor `ProblemConvertible`, such as those of a driver.
    public init(
        _ name: String, at address: ListenAddress, host: ServiceHost,
        security: ListenerSecurity = .plain, limits: HTTPLimits = HTTPLimits(),
        style: ProblemStyle = .plain, takesRequestIds: Bool = true,
        echoes: @escaping @Sendable (Request) -> HTTPFields = { _ in [:] },
        problems: @escaping @Sendable (any Error) -> Problem? = { _ in nil },
        routes: (Router<ServiceContext>) -> Void
    ) {
        let table = RouteTable()
        let router = Router(
            context: ServiceContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: ProblemMiddleware(routes: table, known: problems))
        routes(router)
        table.fill(router.routes.map { (String(describing: $0.path), $0.method.rawValue) })
        var (isTLS, roots): (Bool, ClientRoots?) = (true, nil)
        switch security {
        case .plain: isTLS = false
        case .tls: break
        case .mutualTLS(_, let clients): roots = clients
        }
        let options = Edge.Options(
            listener: name, limits: limits, style: style, isTLS: isTLS, roots: roots,
            takesRequestIds: takesRequestIds, echoes: echoes)
        self.name = name
        self.address = address
        self.security = security
        self.host = host
        edge = Edge(router: router.buildResponder(), options: options, host: host)
    }

    /// The same without a socket, for `application.test(.router)`.
    public var application: Application<Edge> {
        Application(responder: edge, logger: .silent)
    }

    /// Serves until the service group stops, then finishes the requests in flight.
    public func run() async throws {
        let application = Application(
            responder: edge, server: try server(),
            configuration: ApplicationConfiguration(
                address: .hostname(address.host, port: address.port), serverName: nil),
            onServerRunning: { channel in isBound(to: channel.localAddress?.port) },
            logger: .silent)
        do {
            try await application.run()
        } catch let error as IOError {
            throw ListenError(listener: name, address: address, reason: "\(error)", error.errnoCode)
        }
    }

    private func isBound(to port: Int?) {
        let actual = ListenAddress(host: address.host, port: port ?? address.port)
        host.logger.info(
            "listening",
            metadata: ["listener": .string(name), "address": .string(actual.description)])
        if host.lifecycle.bound(name) { host.logStarted() }
    }

    private func server() throws -> HTTPServerBuilder {
        let idle = TimeAmount.seconds(60)
        switch security {
        case .plain:
            return .http1(configuration: .init(idleTimeout: idle))
        case .tls(let identity):
            let context = try identity.serverContext(asksClients: false)
            return .secured(by: context, nil, idleTimeout: idle)
        case .mutualTLS(let identity, let clients):
            let context = try identity.serverContext(asksClients: true)
            return .secured(by: context, clients, idleTimeout: idle)
        }
    }
}

/// Why a listener could not start, in one line.
public struct ListenError: Error, CustomStringConvertible {
    /// The line.
    public let description: String

    init(listener: String, address: ListenAddress, reason: String, _ code: CInt) {
        let why =
            switch code {
            case 98: "the address is in use by another process"
            case 13: "this user may not use the port"
            case 99: "this machine does not have the address"
            default: reason
            }
        description = "cannot listen on \(address) (\(listener)): \(why)"
    }
}
