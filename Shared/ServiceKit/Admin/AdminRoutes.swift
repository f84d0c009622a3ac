// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import Logging

/// Probes, metrics and the one order an operator can give (SERVER 3.7).
struct AdminRoutes: Sendable {
    let host: ServiceHost
    let metrics: PrometheusMetrics

    func listener() -> HTTPListener {
        HTTPListener(
            HTTPListener.adminName, at: host.shared.adminAddress, host: host,
            limits: HTTPLimits(body: 1024, deadline: .seconds(60))
        ) { router in
            router.get("livez") { _, _ in Self.plain(.ok, ["[+] alive"], verbose: false) }
            router.get("startupz") { request, _ in
                let phase = host.lifecycle.phase
                return Self.plain(
                    phase == .starting ? .serviceUnavailable : .ok, [phase.rawValue],
                    verbose: Self.wantsLines(request))
            }
            router.get("readyz") { request, _ in
                let readiness = await host.lifecycle.readiness()
                return Self.plain(
                    readiness.isReady ? .ok : .serviceUnavailable, readiness.lines,
                    verbose: Self.wantsLines(request))
            }
            router.get("metrics") { _, _ in
                ProcessFacts.record(in: metrics)
                return Response(
                    status: .ok, headers: [.contentType: PrometheusMetrics.contentType],
                    body: ResponseBody(byteBuffer: ByteBuffer(string: metrics.text)))
            }
            router.post("broker/replaced") { _, context in try await brokerReplaced(context) }
        }
    }

    /// Only from this machine: the admin address may be open to scrapers, this order may not.
    private func brokerReplaced(_ context: ServiceContext) async throws -> Response {
        guard context.isFromLoopback else {
            throw Problem(.forbidden, "LOOPBACK_ONLY", "this order is taken from loopback only")
        }
        var done: [String] = []
        for (name, hook) in host.lifecycle.brokerHooks {
            try await hook()
            done.append(name)
        }
        host.logger.notice("broker was replaced", metadata: ["done": "\(done)"])
        return try context.json(["done": done])
    }

    private static func wantsLines(_ request: Request) -> Bool {
        request.uri.queryParameters["verbose"] != nil
    }

    private static func plain(_ status: HTTPResponse.Status, _ lines: [String], verbose: Bool)
        -> Response
    {
        let lines = verbose ? lines : [status == .ok ? "ok" : "not ok"]
        return Response(
            status: status, headers: [.contentType: "text/plain; charset=utf-8"],
            body: ResponseBody(
                byteBuffer: ByteBuffer(string: lines.joined(separator: "\n") + "\n")))
    }
}
