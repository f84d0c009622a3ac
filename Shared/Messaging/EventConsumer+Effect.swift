// SPDX-License-Identifier: Apache-2.0

internal import Contracts
internal import Foundation
internal import Kafka
internal import Logging
internal import Postgres

extension EventConsumer {
    /// What a record is to this consumer.
    private enum Kind {
        case handled(CloudEvent, [UInt8], Handler)
        case skipped
        case refused(DeadLetters.Reason)
    }

    private func kind(of message: KafkaMessage) -> Kind {
        guard let event = try? CloudEvent(message) else { return .refused(.notACloudEvent) }
        let known = Topic.allCases.contains {
            $0.name(in: settings.environment) == message.topic
                && EventCatalogue.contains(event.context.type, on: $0)
        }
        guard known else { return .refused(.unknownType) }
        guard let (_, handler) = handlers[event.context.type] else { return .skipped }
        // A tombstone erases a state; whoever wants to know hears the event that says why.
        guard let data = event.data else { return .skipped }
        return .handled(event, data, handler)
    }

    /// Has the effect of `message`, parks it or puts it away; throws when database or broker is away.
    func handle(_ message: KafkaMessage) async throws {
        MessagingMetrics.consumed(message.topic, 1)
        switch kind(of: message) {
        case .skipped: return
        case .refused(let reason): try await deadLetters.put(message, reason, attempts: 1)
        case .handled(let event, let data, let handler):
            let start = ContinuousClock.now
            do {
                try await effect(of: message, event.context, data, handler)
            } catch let error as PostgresError where Self.isRefusal(error) {
                // At COMMIT: a deferred constraint, or an error that the handler swallowed.
                try await failed(message, event.context, HandlerFailure(error))
            } catch let failure as HandlerFailure {
                try await failed(message, event.context, failure)
            }
            MessagingMetrics.processed(message.topic, in: .now - start)
            if let time = message.timestamp {
                let now = Int64(Date().timeIntervalSince1970 * 1000)
                MessagingMetrics.eventAge(message.topic, milliseconds: now - time)
            }
        }
    }

    private func effect(
        of message: KafkaMessage, _ context: EventContext, _ data: [UInt8],
        _ handler: @escaping Handler
    ) async throws {
        try await database.transaction { transaction in
            let parked = ParkedRecords(consumer: settings.service, transaction: transaction)
            let lane = ParkedRecords.lane(of: message)
            try await parked.lock(lane)
            if try await parked.isBlocked(lane) {
                try await parked.park(message, context, attempts: 0, error: nil)
                return
            }
            guard try await Inbox.admit(context, for: settings.service, transaction) else {
                MessagingMetrics.duplicate(message.topic)
                return
            }
            try await call(handler, data, context, transaction)
        }
    }

    private func call(
        _ handler: Handler, _ data: [UInt8], _ context: EventContext, _ transaction: Transaction
    ) async throws {
        do {
            try await handler(data, context, transaction)
        } catch let error as PostgresError where !Self.isRefusal(error) {
            throw error
        } catch let error as CancellationError {
            throw error
        } catch {
            throw HandlerFailure(error)
        }
    }

    /// Whether the database refused what the handler wants, rather than being away. A statement
    /// that is too slow counts: else it would hold up everything for ever.
    private static func isRefusal(_ error: PostgresError) -> Bool {
        error == .timeout || !(error.isUnavailable || error.isRetryable || error == .closed)
    }

    /// The handler refused, as opposed to a database that is away.
    private struct HandlerFailure: Error {
        let text: String
        let errorType: String
        /// Why no later try can succeed.
        let poison: DeadLetters.Reason?

        init(_ error: any Error) {
            text = EventConsumer.describe(error)
            errorType = "\(type(of: error))"
            poison =
                switch error {
                case is Undecodable: .undecodable
                case is UnusableEvent: .unusable
                default: nil
                }
        }

        var reason: DeadLetters.Reason { poison ?? .handlerFailed(errorType: errorType) }
    }

    private func failed(
        _ message: KafkaMessage, _ context: EventContext, _ failure: HandlerFailure
    ) async throws {
        guard failure.poison == nil else {
            return try await deadLetters.put(message, failure.reason, attempts: 1)
        }
        logger.warning(
            "handler failed, its key waits",
            metadata: [
                "type": "\(context.type)", "id": "\(context.id)", "error": "\(failure.text)",
            ])
        try await database.transaction { transaction in
            let parked = ParkedRecords(consumer: settings.service, transaction: transaction)
            try await parked.lock(ParkedRecords.lane(of: message))
            try await parked.park(message, context, attempts: 1, error: failure.text)
        }
    }

    // MARK: - Parked records

    /// Tries parked records until cancelled.
    func retryLoop() async {
        while !Task.isCancelled {
            do {
                try await retryDue()
            } catch {
                logger.debug("parked records wait", metadata: ["error": "\(Self.describe(error))"])
            }
            try? await Task.sleep(for: .milliseconds(500))
        }
    }

    private func retryDue() async throws {
        let lanes = try await database.transaction { transaction in
            try await ParkedRecords(consumer: settings.service, transaction: transaction).dueLanes()
        }
        MessagingMetrics.parked(lanes.count)
        for lane in lanes {
            while try await retryHead(of: lane) { try Task.checkCancellation() }
        }
    }

    /// Tries the first record of `lane`; true when the following one may be tried.
    private func retryHead(of lane: String) async throws -> Bool {
        do {
            return try await database.transaction { transaction in
                let parked = ParkedRecords(consumer: settings.service, transaction: transaction)
                try await parked.lock(lane)
                guard let entry = try await parked.head(of: lane) else { return false }
                try await parked.remove(entry)
                guard case .handled(let event, let data, let handler) = kind(of: entry.message)
                else {
                    return true
                }
                if try await Inbox.admit(event.context, for: settings.service, transaction) {
                    try await call(handler, data, event.context, transaction)
                }
                return true
            }
        } catch let error as PostgresError where Self.isRefusal(error) {
            return try await failedAgain(lane, HandlerFailure(error))
        } catch let failure as HandlerFailure {
            return try await failedAgain(lane, failure)
        }
    }

    private func failedAgain(_ lane: String, _ failure: HandlerFailure) async throws -> Bool {
        try await database.transaction { transaction in
            let parked = ParkedRecords(consumer: settings.service, transaction: transaction)
            try await parked.lock(lane)
            guard let entry = try await parked.head(of: lane) else { return false }
            guard failure.poison != nil || entry.attempts + 1 >= Self.maximumAttempts else {
                try await parked.postpone(entry, error: failure.text)
                return false
            }
            try await deadLetters.put(
                entry.message, failure.reason, attempts: entry.attempts + 1)
            try await parked.remove(entry)
            // Read again from the beginning, it must not come back.
            if case .handled(let event, _, _) = kind(of: entry.message) {
                _ = try await Inbox.admit(event.context, for: settings.service, transaction)
            }
            return true
        }
    }
}
