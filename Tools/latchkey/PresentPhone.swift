// SPDX-License-Identifier: Apache-2.0

import Foundation
import KeyProtocol
import PCSC
import Stack
import VirtualPhone

#if canImport(Glibc)
    import Glibc
#endif

/// A phone that the car of a trace meets: in a reader, or a copy of one of ours in this process.
enum PresentPhone {
    case card(CardChannel)
    case virtual(PhoneCard)

    /// A phone's scrypt included.
    private static let patience = Duration.seconds(5)

    /// Runs the car to its decision.
    func meet(_ replay: inout CarReplay) async throws -> Outcome {
        do {
            return try await drive(&replay)
        } catch let error as PCSCError {
            throw CommandError("the reader failed: \(error)", hint: "play it again")
        }
    }

    private func drive(_ replay: inout CarReplay) async throws -> Outcome {
        var phone = self
        while true {
            switch replay.next {
            case .transmit(let command):
                replay.answered(try await phone.answer(command, replay))
            case .fieldReset:
                try await phone.resetField()
                replay.fieldWasReset()
            case .wait(let milliseconds):
                try await Task.sleep(for: .milliseconds(milliseconds))
                replay.waited()
            case .finish(let outcome):
                await phone.leave()
                return outcome
            }
        }
    }

    /// Empty when the phone has gone.
    private mutating func answer(_ command: [UInt8], _ replay: CarReplay) async throws -> [UInt8] {
        switch self {
        case .card(let channel):
            do {
                return try await channel.transmit(command, within: Self.patience)
            } catch PCSCError.cardGone, PCSCError.timeout {
                return []
            }
        case .virtual(var card):
            defer { self = .virtual(card) }
            return card.respond(to: command, at: replay.now)
        }
    }

    private mutating func resetField() async throws {
        switch self {
        case .card(let channel): try await channel.resetField()
        case .virtual(var card):
            card.fieldLost()
            self = .virtual(card)
        }
    }

    private func leave() async {
        if case .card(let channel) = self { await channel.disconnect() }
    }

    /// Waits until a phone is in the reader, named as `vehicle add` takes it or as PC/SC lists it.
    static func connect(_ name: String, _ folder: StateFolder) async throws -> CardChannel {
        if let record = try? StackRecord.load(folder), record.isRunning,
            try Fleet(folder: folder).port(ofReader: name) != nil
        {
            setenv("PCSCLITE_CSOCK_NAME", record.readerSocket, 1)
        }
        let listed: [String]
        do {
            listed = try await CardReaders.list()
        } catch {
            throw CommandError("the PC/SC service does not answer", hint: "is pcscd running?")
        }
        guard let reader = listed.first(where: { $0 == name || withoutIndex($0) == name }) else {
            throw CommandError(
                "there is no reader '\(name)'",
                hint: listed.isEmpty
                    ? "PC/SC lists no reader at all"
                    : "PC/SC lists \(listed.joined(separator: ", "))")
        }
        print("hold the phone to \(reader)")
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            do {
                return try await CardChannel.connect(to: reader)
            } catch PCSCError.cardGone {
                guard ContinuousClock.now < deadline else {
                    throw CommandError("no phone came", hint: "the reader waits 30 s for one")
                }
                try await Task.sleep(for: .milliseconds(100))
            } catch {
                throw CommandError(
                    "the reader does not connect: \(error)", hint: "does another program use it?")
            }
        }
    }

    /// `Name 01 00`, as listed, without the index `01`.
    private static func withoutIndex(_ listed: String) -> String {
        var words = listed.split(separator: " ")
        guard words.count > 2 else { return listed }
        words.remove(at: words.count - 2)
        return words.joined(separator: " ")
    }
}
