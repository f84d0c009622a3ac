// SPDX-License-Identifier: Apache-2.0

public import Contracts
internal import Kafka
public import Logging
public import ServiceLifecycle

/// Reads a state topic from its beginning at every start, alone and without a database; for parties
/// that keep the newest state themselves and refuse older ones, as a car does with its documents.
public final class StateReader<State: Event>: Service {
    private let settings: MessagingSettings
    private let logger: Logger
    private let handle: @Sendable (State, EventContext) async throws -> Void

    /// Calls `handle` for every state; one that throws is logged and skipped.
    public init(
        of type: State.Type = State.self, settings: MessagingSettings, logger: Logger,
        _ handle: @escaping @Sendable (State, EventContext) async throws -> Void
    ) {
        self.settings = settings
        self.logger = logger
        self.handle = handle
    }

    /// Runs until shutdown.
    public func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                do {
                    let consumer = try KafkaConsumer(
                        settings.kafka,
                        fromTheBeginningOf: [State.topic.name(in: settings.environment)],
                        observer: KafkaLog(logger: logger))
                    do {
                        for try await batch in consumer {
                            for message in batch { await read(message) }
                        }
                    } catch {
                        logger.warning("reading starts again", metadata: ["error": "\(error)"])
                    }
                    await consumer.close()
                } catch {
                    logger.warning("cannot read", metadata: ["error": "\(error)"])
                }
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func read(_ message: KafkaMessage) async {
        guard let event = try? CloudEvent(message), event.context.type == State.type,
            let data = event.data
        else { return }
        do {
            try await handle(try EventJSON.decode(State.self, from: data), event.context)
        } catch {
            logger.error(
                "a state was refused",
                metadata: [
                    "topic": "\(message.topic)", "offset": "\(message.offset)",
                    "error": "\(type(of: error))",
                ])
        }
    }
}
