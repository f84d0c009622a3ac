// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL
public import ServiceLifecycle

/// Calls other servers: own client certificate, the roots of the called side, limits.
///
/// Add it to `background`, so that its connections are closed when the service stops.
public final class OutboundClient: Service {
    /// An answer.
    public struct Answer: Sendable {
        /// HTTP status code.
        public let status: Int
        /// Headers; names in lower case.
        public let headers: [String: String]
        /// At most `OutboundClient.bodyLimit` bytes.
        public let body: [UInt8]
    }

    /// Largest answer taken, in bytes.
    public static let bodyLimit = 1 << 20

    private let client: HTTPClient
    private let credentials: TLSCredentials?
    private let timeout: Duration

    /// A client that presents `credentials` when asked and gives up after `timeout`.
    public init(credentials: TLSCredentials? = nil, timeout: Duration = .seconds(10)) {
        self.credentials = credentials
        self.timeout = timeout
        var configuration = HTTPClient.Configuration()
        configuration.timeout.connect = .seconds(5)
        configuration.redirectConfiguration = .disallow
        configuration.connectionPool.idleTimeout = .seconds(30)
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// A client that nobody closed, such as in a start that failed, must not end the process.
    deinit { client.shutdown { _ in } }

    /// Sends one request; `roots` (PEM) replaces the trust of the system for this call.
    public func send(
        _ method: String, _ url: String, headers: [(String, String)] = [], body: [UInt8]? = nil,
        roots: [UInt8]? = nil
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: url)
        request.method = HTTPMethod(rawValue: method)
        request.headers = HTTPHeaders(headers)
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        request.tlsConfiguration = try tls(roots)
        let time = TimeAmount(timeout)
        let response = try await client.execute(request, timeout: time)
        let content = try await response.body.collect(upTo: Self.bodyLimit)
        let fields = response.headers.map { ($0.name.lowercased(), $0.value) }
        return Answer(
            status: Int(response.status.code),
            headers: Dictionary(fields, uniquingKeysWith: { "\($0), \($1)" }),
            body: Array(content.readableBytesView))
    }

    private func tls(_ roots: [UInt8]?) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if let roots {
            guard let certificates = try? NIOSSLCertificate.fromPEMBytes(roots),
                !certificates.isEmpty
            else { throw TLSError.noCertificate }
            configuration.trustRoots = .certificates(certificates)
        }
        if let credentials {
            configuration.certificateChain = credentials.certificates.map { .certificate($0) }
            configuration.privateKey = .privateKey(credentials.key)
        }
        return configuration
    }

    /// Waits for the stop of the service, then closes the connections.
    public func run() async throws {
        try? await gracefulShutdown()
        try await close()
    }

    /// Closes the connections; for uses outside a service group.
    public func close() async throws { try await client.shutdown() }
}
