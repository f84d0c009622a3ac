// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import Kafka
import KeyCrypto
import Logging
import ServiceKit
import ServiceLifecycle

/// Reads `vehicle.documents` from the beginning and brings those of its own vehicles into force.
///
/// It joins no group and commits nothing: the newest document of a vehicle says all, and one that
/// was applied before is recognised by its version. The topic holds the documents of every car, so
/// each record passes this filter, in this order:
///
///     no key, no value, key not a vehicle id   ignored: nobody's
///     key of a vehicle not provisioned here    ignored: another gateway's
///     version not higher than the one in force ignored: read before
///     not JSON, signature, environment, …      dead letter, once per record (by digest)
///     anything else                            applied and reported in one transaction
///
/// A vehicle provisioned later has its documents read then: provisioning rings `again`.
struct DocumentConsumer: Service {
    let desk: DocumentDesk
    let kafka: KafkaConfiguration
    let host: ServiceHost
    /// Rung when the topic is to be read from its beginning again.
    let again: Bell

    func run() async throws {
        await cancelWhenGracefulShutdown { await consumeForever() }
    }

    private func consumeForever() async {
        while !Task.isCancelled {
            do {
                try await consume()
            } catch {
                guard !Task.isCancelled else { return }
                host.logger.warning("documents wait", metadata: ["reason": "\(error)"])
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func consume() async throws {
        let topic = SignedVehicleDocument.topic.name(in: host.shared.environment)
        let consumer = try KafkaConsumer(kafka, fromTheBeginningOf: [topic])
        var options = KafkaProducerOptions()
        options.deliveryTimeout = .seconds(10)
        let deadLetters = try KafkaProducer(kafka, options: options)
        let closer = Task {
            while await !again.wait(atMost: .seconds(3600)) { try Task.checkCancellation() }
            await consumer.close()
        }
        defer { closer.cancel() }
        do {
            for try await batch in consumer {
                for message in batch { try await take(message, deadLetters) }
            }
        } catch {
            await consumer.close()
            await deadLetters.close(timeout: .seconds(1))
            throw error
        }
        await consumer.close()
        await deadLetters.close(timeout: .seconds(1))
    }

    /// One record: applied, ignored, or put aside; only a failing state file throws.
    private func take(_ message: KafkaMessage, _ deadLetters: KafkaProducer) async throws {
        guard let key = message.key, let value = message.value,
            let id = try? VehicleID(hex: String(decoding: key, as: UTF8.self))
        else { return }
        do {
            let document = try JSONDecoder().decode(SignedVehicleDocument.self, from: Data(value))
            try await desk.apply(document, to: id)
        } catch GatewayError.vehicleUnknown {
            return  // a car of another gateway
        } catch GatewayError.rollback {
            return  // read before, or not compacted away yet
        } catch let error as GatewayError {
            try await putAside(message, error.sentence, deadLetters)
        } catch is DecodingError {
            guard try await desk.isOurs(id) else { return }
            try await putAside(message, "not the JSON of a signed document", deadLetters)
        }
    }

    private func putAside(
        _ message: KafkaMessage, _ reason: String, _ deadLetters: KafkaProducer
    ) async throws {
        let digest = sha256((message.key ?? []) + (message.value ?? []))
        guard try await !desk.wasRefused(digest) else { return }
        host.logger.warning("a document was refused", metadata: ["reason": "\(reason)"])
        try await deadLetters.send(
            EventRecord.deadLetter(
                of: message, because: reason, environment: host.shared.environment))
        try await desk.noteRefused(digest)
    }
}
