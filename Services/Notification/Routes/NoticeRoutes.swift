// SPDX-License-Identifier: Apache-2.0

import Contracts
import HTTPTypes
import Hummingbird
import Identifiers
import Postgres
import ServiceKit

/// Notices for apps: a list, and a stream that goes on where it was cut.
struct NoticeRoutes: Sendable {
    let database: Database
    let host: ServiceHost

    /// One notice with its place in the stream.
    private struct Numbered: Encodable {
        let number: Int
        let notice: Notice
    }

    func add(to router: Router<ServiceContext>) {
        let keys = router.group("notification/v1/keys/:key")
        keys.get("notices") { request, context in
            let id = try context.parameter("key", unknown: "KEY_UNKNOWN") { try KeyID(hex: $0) }
            let after = request.uri.queryParameters["after"].flatMap { Int($0) } ?? 0
            return try context.json(try await list(id, after: after))
        }
        keys.get("stream") { request, context in
            let id = try context.parameter("key", unknown: "KEY_UNKNOWN") { try KeyID(hex: $0) }
            let last = HTTPField.Name("last-event-id").flatMap { request.headers[$0] }
            return stream(id, after: last.flatMap { Int($0) } ?? 0)
        }
    }

    private func list(_ id: KeyID, after number: Int) async throws -> [Numbered] {
        try await database.transaction {
            try await NoticeStore($0).list(for: id, after: number)
        }.map { Numbered(number: $0.number, notice: $0.notice) }
    }

    /// Server-sent events; a comment every ten seconds keeps the connection, and the stream ends
    /// when the service stops, so that clients go on with another instance.
    private func stream(_ id: KeyID, after first: Int) -> Response {
        Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: ResponseBody { writer in
                var (number, quiet) = (first, 0)
                try await writer.write(ByteBuffer(string: "retry: 1000\n\n"))
                while !host.isDraining, !Task.isCancelled {
                    let new = try await list(id, after: number)
                    for one in new {
                        let data = String(decoding: try JSONBody.encode(one.notice), as: UTF8.self)
                        try await writer.write(
                            ByteBuffer(
                                string:
                                    "id: \(one.number)\nevent: \(one.notice.eventType)\ndata: \(data)\n\n"
                            ))
                        number = one.number
                    }
                    quiet = new.isEmpty ? quiet + 1 : 0
                    if quiet > 0, quiet.isMultiple(of: 20) {
                        try await writer.write(ByteBuffer(string: ": still here\n\n"))
                    }
                    try await Task.sleep(for: .milliseconds(500))
                }
                try await writer.finish(nil)
            })
    }
}
