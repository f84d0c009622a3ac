// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Contracts
import DeviceOEM
import Foundation
import Identifiers
import PhoneHost
import ServiceKit
import Stack
import VirtualPhone

/// `latchkey phone …`
struct PhoneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "phone", abstract: "Virtual phones: keys, taps, sharing.",
        subcommands: [
            Make.self, Watch.self, List.self, Shares.self, Pass.self, Set.self, Tap.self,
            Approach.self,
            Share.self, Accept.self, Sync.self, Revoke.self, Delete.self, Suspend.self, Resume.self,
            Notifications.self,
            Export.self, Import.self,
        ])

    /// `latchkey phone new`
    struct Make: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "new", abstract: "Makes a phone with an empty wallet.")
        @OptionGroup var state: StateOption
        @Argument(help: "What to call it.") var name: String

        func run() async throws {
            let maker = try PhoneMaker.open(state.folder.deviceOEM)
            _ = try Phone.make(name, in: state.folder.phones, maker: maker)
            print("\(name): ready, no keys yet")
        }
    }

    /// `latchkey phone sync`
    struct Sync: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Goes online: registers keys, settles shares, carries out orders.")
        @OptionGroup var state: StateOption
        @Argument(help: "The phone.") var name: String
        @Flag(name: .customLong("no-register"), help: "Do not register keys.") var noRegister =
            false

        func run() async throws {
            try PhoneCommand.show(
                name,
                try await state.phone(name).sync(registers: !noRegister) { print("\(name): \($0)") }
            )
        }
    }

    /// `latchkey phone notifications`
    struct Notifications: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows what automakers told about the phone's keys, newest first.")
        @OptionGroup var state: StateOption
        @Argument(help: "The phone.") var name: String

        func run() async throws {
            let list = try state.phone(name).notifications()
            guard !list.isEmpty else { return print("\(name): no notifications") }
            for entry in list {
                let about = entry.eventData.sharedKeyID.map { "  shared key \($0)" } ?? ""
                print("\(entry.receivedAt)  \(entry.eventType)  key \(entry.keyId)\(about)")
            }
        }
    }
}

extension StateOption {
    /// Takes up a phone, waiting for another command that uses it, and tells what happened meanwhile.
    func phone(_ name: String) throws -> Phone {
        let maker = try PhoneMaker.open(folder.deviceOEM)
        let phone = try Phone.open(name, in: folder.phones, maker: maker) {
            print("waiting for another command that uses \(name) …")
        }
        for line in phone.news { PhoneCommand.complain("\(name): \(line)") }
        return phone
    }
}

extension PhoneCommand {
    /// Prints what was done; failures end the command with 1.
    static func show(_ name: String, _ report: SyncReport) throws {
        for line in report.done + report.waiting { print("\(name): \(line)") }
        for line in report.failed { complain("\(name): \(line)") }
        if !report.failed.isEmpty { throw ExitCode(1) }
        if report.done.isEmpty && report.waiting.isEmpty { print("\(name): nothing to do") }
    }

    /// A line for people on the error stream.
    static func complain(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }

    /// Tells how the phone called `name` met a car; a failure ends the command with 1.
    static func tell(_ encounter: some Encounter, of name: String) throws {
        let trace = encounter.trace.map { "trace: latchkey trace show \($0)" }
        defer { for message in encounter.messages { print("\(name): \(message)") } }
        defer { encounter.traceFailure.map { complain("\(name): no trace: \($0)") } }
        guard encounter.isSuccess else {
            complain("\(name): \(encounter.text)")
            encounter.hint.map { complain("hint: \($0)") }
            trace.map { complain($0) }
            throw ExitCode(1)
        }
        print("\(name): \(encounter.text)")
        trace.map { print($0) }
    }

    /// Runs `work` for the phone called `name`; the core's refusals become sentences.
    static func speaking<Result>(
        _ name: String, _ work: () async throws -> Result
    ) async throws -> Result {
        do {
            return try await work()
        } catch let error as PhoneError {
            throw CommandError("\(name): \(error.sentence)")
        }
    }
}
