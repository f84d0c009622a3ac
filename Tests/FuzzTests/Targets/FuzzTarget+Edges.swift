// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import Kafka
import KeyCrypto
import PhoneHost
import PKI
import ServiceKit

@testable import IdentityRelay
@testable import Messaging

/// What services read: HTTP bodies, records, settings, and short texts.
extension FuzzTarget {
    static let edges = [
        FuzzTarget("http-problems", problem),
        FuzzTarget("relay-bodies", relayBody),
        FuzzTarget("cloud-event", cloudEvent),
        FuzzTarget("settings", settings),
        FuzzTarget("lines", line),
    ]

    /// `which(1) ‖ JSON`: a refusal is a problem that names the field.
    @Sendable private static func problem(_ bytes: [UInt8]) throws {
        var input = FuzzInput(bytes)
        let type = bodies[Int(input.byte()) % bodies.count]
        do {
            let value = try JSONBody.decode(type, from: input.rest())
            _ = try JSONBody.decode(type, from: JSONBody.encode(value))
        } catch let problem as Problem {
            _ = "\(problem)"
        }
    }

    /// `which(1) ‖ JSON`: what another phone leaves in a mailbox.
    @Sendable private static func relayBody(_ bytes: [UInt8]) throws {
        var input = FuzzInput(bytes)
        let (which, json) = (input.byte() % 3, input.rest())
        switch which {
        case 0:
            let now = FuzzWorld.noon
            guard let body = try? JSONBody.decode(CreateBody.self, from: json),
                let creation = try? body.creation(at: now)
            else { return }
            try require(
                creation.expiresAt > now && creation.rights.letters.utf8.count <= 3,
                "a mailbox that has ended, or with rights nobody knows")
        case 1: try? JSONBody.decode(UpdateBody.self, from: json).check()
        default: try? JSONBody.decode(ReadBody.self, from: json).notificationToken?.check()
        }
    }

    /// `headers(1)`, each `length(1) name, length(1) value`, then the record's value.
    @Sendable private static func cloudEvent(_ bytes: [UInt8]) throws {
        var input = FuzzInput(bytes)
        let headers = (0..<input.byte() % 12).map { _ in
            let name = String(decoding: input.piece(), as: UTF8.self)
            return KafkaHeader(name, input.piece())
        }
        let value = input.rest()
        let partition = KafkaPartition(topic: "latchkey.test.registry.keys", number: 0)
        let message = KafkaMessage(
            position: KafkaPosition(partition: partition, offset: 0), key: [1],
            value: value.isEmpty ? nil : value, headers: headers, timestamp: 0)
        guard let event = try? CloudEvent(message) else { return }
        let record = event.record(topic: "t", key: "k")
        let written = KafkaMessage(
            position: message.position, key: record.key, value: record.value,
            headers: record.headers, timestamp: 0)
        // A time or trace that is empty or too long in structured mode cannot be a header.
        if let again = try? CloudEvent(written) {
            try require(
                again.context.id == event.context.id && again.data == event.data,
                "an event is another when read again")
        }
        guard let type = EventCatalogue.events.first(where: { $0.type == event.context.type }),
            let data = event.data
        else { return }
        try decode(type, data)
    }

    private static func decode<Body: Event>(_ type: Body.Type, _ bytes: [UInt8]) throws {
        guard let body = try? EventJSON.decode(type, from: bytes) else { return }
        let again = try EventJSON.decode(type, from: EventJSON.encode(body))
        try require(again == body, "\(type) is another event when read again")
        _ = body.key
    }

    /// `which(1) ‖ text` of one line.
    @Sendable private static func line(_ bytes: [UInt8]) throws {
        var input = FuzzInput(bytes)
        let which = input.byte() % 4
        let text = String(decoding: input.rest(), as: UTF8.self)
        switch which {
        case 0:
            // A file of a password is for the host that is named, not for this test.
            guard !text.contains("passwordFile") else { return }
            _ = try? BrokerAddress(text)
        case 1:
            if let trace = TraceContext(text) {
                try require(trace.description == text, "a trace context is written otherwise")
            }
        case 2:
            if let id = RequestID(text) {
                try require(
                    id.description == text.lowercased(), "a request id is written otherwise")
            }
        default:
            guard let schedule = WeeklySchedule(text) else { return }
            try require(
                (1...2).contains(schedule.windows.count)
                    && schedule.windows.allSatisfy { $0.fromMinute < $0.toMinute },
                "a window that ends before it starts")
        }
    }

    /// Lines of `NAME=value`.
    @Sendable private static func settings(_ bytes: [UInt8]) throws {
        var environment: [String: String] = [:]
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        for line in lines.prefix(32) {
            let parts = line.split(separator: "=", maxSplits: 1)
            guard let name = parts.first, let value = parts.dropFirst().first else { continue }
            environment["LATCHKEY_FUZZ_" + name] = String(value)
        }
        let read = ReadSettings<FuzzSettings>(
            service: "fuzz", environment: environment,
            readFile: { _ in throw CocoaError(.fileReadNoSuchFile) })
        _ = read.problems.map(\.description)
        if let address = environment["LATCHKEY_FUZZ_ADDRESS"].flatMap(ListenAddress.init) {
            try require(
                ListenAddress(address.description) == address, "an address is read otherwise")
        }
    }
}

/// One setting of each kind.
private struct FuzzSettings: ServiceSettings {
    static let usesDatabase = true

    enum Choice: String, CaseIterable { case one, two }

    init(reading reader: inout SettingsReader) {
        _ = reader.text("TEXT", default: "text", help: "Text.")
        _ = reader.address("ADDRESS", default: "127.0.0.1:0", help: "Address.")
        _ = reader.url("URL", default: "http://localhost", help: "URL.")
        _ = reader.integer("INTEGER", default: 1, in: 0...9, help: "Integer.")
        _ = reader.duration("DURATION", default: "1s", help: "Duration.")
        _ = reader.flag("FLAG", default: false, help: "Flag.")
        _ = reader.choice("CHOICE", default: Choice.one, help: "Choice.")
        _ = reader.file("FILE", help: "File.")
    }
}
