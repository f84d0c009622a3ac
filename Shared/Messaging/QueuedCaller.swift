// SPDX-License-Identifier: Apache-2.0

internal import Logging
public import Postgres
public import ServiceKit
public import ServiceLifecycle

/// A call to somebody's server, which waits in a table until it is taken.
public struct QueuedCall: Sendable {
    /// Names it in the table.
    public var id: String
    /// Whose server is called.
    public var recipient: String
    /// How often it was tried, this time included.
    public var attempts: Int
    /// Path, headers and body of the POST. A repeat must be recognisable as one.
    public var request: @Sendable () throws -> Request

    /// What is sent.
    public struct Request: Sendable {
        public var path: String
        public var headers: [(String, String)]
        public var body: [UInt8]

        public init(path: String, headers: [(String, String)], body: [UInt8]) {
            self.path = path
            self.headers = headers
            self.body = body
        }
    }

    /// Describes a call that is due.
    public init(
        id: String, recipient: String, attempts: Int,
        request: @escaping @Sendable () throws -> Request
    ) {
        self.id = id
        self.recipient = recipient
        self.attempts = attempts
        self.request = request
    }
}

/// Where a server is.
public struct CallDestination: Sendable {
    /// `https://host:port`
    public var server: String
    /// PEM of the roots of its certificate; none means those of the system.
    public var roots: String?

    public init(server: String, roots: String?) {
        self.server = server
        self.roots = roots
    }
}

/// The table in which calls wait.
public protocol CallQueue: Sendable {
    /// Calls to make now; other instances leave them alone for as long as a call may take.
    func takeDue(in transaction: Transaction) async throws -> [QueuedCall]
    /// The server of the recipient; none when it has none.
    func destination(of call: QueuedCall, in transaction: Transaction) async throws
        -> CallDestination?
    /// The call was answered with one of the statuses that settle it.
    func settled(_ call: QueuedCall, in transaction: Transaction) async throws
    /// The call failed; the next try comes later.
    func postpone(_ call: QueuedCall, reason: String, in transaction: Transaction) async throws
}

/// Makes the calls of a queue until each is settled. A call whose answer was lost is made again.
public struct QueuedCaller: Service {
    private let queue: any CallQueue
    private let settling: Set<Int>
    private let database: Database
    private let client: OutboundClient
    private let host: ServiceHost

    /// Calls with `client`; answers with a status in `settling` settle a call.
    public init(
        _ queue: any CallQueue, settling: Set<Int>, database: Database, client: OutboundClient,
        host: ServiceHost
    ) {
        self.queue = queue
        self.settling = settling
        self.database = database
        self.client = client
        self.host = host
    }

    /// Runs until shutdown.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while true {
                do {
                    let due = try await database.transaction { try await queue.takeDue(in: $0) }
                    // Side by side, so that one server that does not answer holds up nobody.
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for call in due { group.addTask { try await make(call) } }
                        try await group.waitForAll()
                    }
                } catch is CancellationError {
                    return
                } catch {
                    host.logger.warning("calls wait", metadata: ["reason": "\(error)"])
                }
                do { try await Task.sleep(for: .milliseconds(250)) } catch { return }
            }
        }
    }

    private func make(_ call: QueuedCall) async throws {
        do {
            let destination = try await database.transaction {
                try await queue.destination(of: call, in: $0)
            }
            guard let destination else {
                throw CallRefused("\(call.recipient) has no server for calls")
            }
            try await send(call, to: destination)
            try await database.transaction { try await queue.settled(call, in: $0) }
        } catch let error as CancellationError {
            throw error
        } catch {
            host.logger.info(
                "a call was not taken",
                metadata: [
                    "call": "\(call.id)", "recipient": "\(call.recipient)",
                    "attempts": "\(call.attempts)",
                ])
            try await database.transaction {
                try await queue.postpone(call, reason: "\(error)", in: $0)
            }
        }
    }

    private func send(_ call: QueuedCall, to destination: CallDestination) async throws {
        let request = try call.request()
        let answer = try await client.send(
            "POST", destination.server + request.path,
            headers: [("content-type", "application/json")] + request.headers, body: request.body,
            roots: destination.roots.map { Array($0.utf8) })
        guard settling.contains(answer.status) else {
            throw CallRefused("\(request.path) was answered with \(answer.status)")
        }
    }
}

/// A call that was not taken.
private struct CallRefused: Error, CustomStringConvertible {
    let description: String

    init(_ reason: String) { description = reason }
}
