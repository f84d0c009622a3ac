// SPDX-License-Identifier: Apache-2.0

import Contracts
import HTTPTypes
import Hummingbird
import Identifiers
import ServiceKit

extension PartnerRoutes {
    /// The pass of a key, or 304 when the caller has it as it is.
    func addPasses(to router: Router<ServiceContext>) {
        router.get("\(PartnerAPI.Path.passes)/:key") { request, context in
            let partner = try await partner(request, context)
            let id = try context.parameter("key", unknown: "KEY_UNKNOWN") { try KeyID(hex: $0) }
            let pass = try await registrar.pass(of: id, for: partner)
            var headers = answerHeaders(request)
            headers[.eTag] = PartnerAPI.entityTag(of: pass.revision)
            headers[.cacheControl] = "private, no-cache"
            guard !Self.has(pass.revision, request) else {
                return Response(status: .notModified, headers: headers)
            }
            return try context.json(
                PartnerAPI.PassResponse(
                    responseHeader: .init(statusCode: "200"),
                    pass: registrar.identity.sign(pass, type: KeyPass.signedType)),
                headers: headers)
        }
    }

    /// Whether If-None-Match names `revision` (RFC 9110, 13.1.2: the weak comparison).
    private static func has(_ revision: String, _ request: Request) -> Bool {
        request.entityTags(.ifNoneMatch).contains { $0.contains("\"\(revision)\"") || $0 == "*" }
    }
}
