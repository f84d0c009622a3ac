// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Logging

/// Turns whatever a route throws into a `Problem`, before the router makes an empty answer of it.
struct ProblemMiddleware: RouterMiddleware {
    let routes: RouteTable
    let known: @Sendable (any Error) -> Problem?

    func handle(
        _ request: Request, context: ServiceContext,
        next: @concurrent (Request, ServiceContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound && error.body == nil {
            throw unmatched(request)
        } catch {
            throw known(error) ?? Self.problem(for: error, context)
        }
    }

    /// What the caller may know of `error`.
    static func problem(for error: any Error, _ context: ServiceContext) -> Problem {
        switch error {
        case let problem as Problem: problem
        case let error as any ProblemConvertible: error.problem
        case let error as any HTTPResponseError where error.status.kind == .clientError:
            Problem(
                error.status, error.status == .badRequest ? "MALFORMED" : "REFUSED",
                (error as? HTTPError)?.body ?? error.status.reasonPhrase)
        case is CancellationError: Problem.unavailable("the service is stopping")
        default: internalProblem(error, context)
        }
    }

    private func unmatched(_ request: Request) -> Problem {
        let allowed = routes.methods(at: request.uri.path)
        guard !allowed.isEmpty else {
            return Problem(.notFound, "NOT_FOUND", "there is nothing at this path")
        }
        let list = allowed.joined(separator: ", ")
        return Problem(
            .methodNotAllowed, "METHOD_NOT_ALLOWED", "this path takes \(list)",
            headers: [.allow: list])
    }

    /// Whatever nobody foresaw is a bug: logged in full, told in general.
    private static func internalProblem(_ error: any Error, _ context: ServiceContext) -> Problem {
        context.log.error(
            "request failed", error: error, metadata: ["error_type": "\(type(of: error))"])
        return Problem(
            .internalServerError, "INTERNAL", "an internal error; the request id helps to find it")
    }
}
