// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOSSL
import SwiftASN1
public import X509

/// Who is at the other end of a connection with mutual TLS.
public struct PeerCertificate: Sendable {
    /// The certificate the caller proved to own.
    public let certificate: Certificate
    /// The same as DER.
    public let der: [UInt8]
    /// Names given to the root it chains to; several when partners share a root.
    public let partners: Set<String>

    /// The CommonName of the subject, when it has exactly one.
    public var commonName: String? {
        let names = certificate.subject.flatMap { $0 }
            .filter { $0.type == .RDNAttributeType.commonName }
        guard let name = names.first, names.count == 1 else { return nil }
        return String(name.value)
    }
}

extension ClientRoots {
    /// The caller on `channel` under the roots of this moment; none when its root was removed.
    func peer(of channel: any Channel) async throws -> PeerCertificate? {
        let known = try await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.handler(type: PeerHandler.self).known()
        }.get()
        guard let known else { return nil }
        let partners = names(of: known.root)
        guard !partners.isEmpty else { return nil }
        return PeerCertificate(certificate: known.leaf, der: known.der, partners: partners)
    }
}

/// Keeps the parsed certificate of the caller beside its connection.
final class PeerHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Never

    struct Known: Sendable {
        let leaf: Certificate
        let der: [UInt8]
        let root: NIOSSLCertificate
    }

    private var context: ChannelHandlerContext?
    private var parsed: Known?

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    /// The caller; parsed once per connection. Call on the event loop.
    func known() throws -> Known? {
        if let parsed { return parsed }
        guard let context,
            let chain = try context.pipeline.syncOperations.nioSSL_peerValidatedCertificateChain(),
            let root = chain.last
        else { return nil }
        let der = try chain.leaf.toDERBytes()
        parsed = Known(leaf: try Certificate(derEncoded: der), der: der, root: root)
        return parsed
    }
}

extension HTTPServerBuilder {
    /// HTTP/1.1 inside TLS; clients are judged by `clients`, if any.
    static func secured(
        by context: NIOSSLContext, _ clients: ClientRoots?, idleTimeout: TimeAmount
    ) -> HTTPServerBuilder {
        HTTPServerBuilder { responder in
            let configuration = HTTP1Channel.Configuration(
                additionalChannelHandlers: clients == nil ? [] : [PeerHandler()],
                idleTimeout: idleTimeout)
            return SecuredChannel(
                base: HTTP1Channel(responder: responder, configuration: configuration),
                context: context, clients: clients)
        }
    }
}

/// HTTP inside TLS, with the validated chain of the client at hand.
private struct SecuredChannel: ServerChildChannel {
    let base: HTTP1Channel
    let context: NIOSSLContext
    let clients: ClientRoots?

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(handler())
        }.flatMap {
            base.setup(channel: channel, logger: logger)
        }
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async {
        await base.handle(value: value, logger: logger)
    }

    private func handler() -> NIOSSLServerHandler {
        guard let clients else { return NIOSSLServerHandler(context: context) }
        return NIOSSLServerHandler(
            context: context,
            customVerificationCallbackWithMetadata: { presented, promise in
                promise.completeWithTask {
                    guard let chain = await clients.chain(presented), !chain.isEmpty else {
                        return .failed
                    }
                    return .certificateVerified(
                        VerificationMetadata(NIOSSL.ValidatedCertificateChain(chain)))
                }
            })
    }
}
