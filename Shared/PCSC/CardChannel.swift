// SPDX-License-Identifier: Apache-2.0

import CPCSC
import Foundation

/// A connection to the card in one reader, for this process alone.
///
/// Every call has a deadline. libpcsclite has none: a frozen card holds `SCardTransmit` for ever. So
/// the call runs on a thread of this channel and races with the deadline; when the deadline wins,
/// the channel is dropped, and its thread tidies up whenever the card lets go of it.
public final class CardChannel: Sendable {
    /// The full PC/SC name of the reader.
    public let reader: String
    /// Answer to reset of the card, as it was at `connect`.
    public let atr: [UInt8]
    private let profile: ReaderProfile
    /// Whether the card joins the parts of a command.
    private let joinsParts: Bool
    private let card: CardConnection

    private init(reader: String, profile: ReaderProfile, atr: [UInt8], card: CardConnection) {
        (self.reader, self.profile, self.atr, self.card) = (reader, profile, atr, card)
        joinsParts = AnswerToReset(atr)?.announcesChaining ?? false
    }

    deinit { card.drop() }

    /// Connects to the card in `reader` with T=1 or T=0.
    public static func connect(
        to reader: String, profile: ReaderProfile = .generic, within limit: Duration = .seconds(1)
    ) async throws(PCSCError) -> CardChannel {
        let card = CardConnection()
        let atr = try await card.perform(within: limit) { state throws(PCSCError) in
            try state.connect(reader)
        }
        return CardChannel(reader: reader, profile: profile, atr: atr, card: card)
    }

    /// Sends one command APDU and returns the response with its status word, at least 2 bytes.
    ///
    /// A command that is longer than the reader takes goes in parts to a card that announces that it
    /// joins them. To any other it is not sent: `tooLong`. A part that is not answered 9000 ends the
    /// command with that answer. `meanwhile` runs while the card has the command.
    public func transmit(
        _ command: [UInt8], within limit: Duration, meanwhile: () -> Void = {}
    ) async throws(PCSCError) -> [UInt8] {
        guard let parts = parts(of: command) else { throw .tooLong }
        let deadline = ContinuousClock.now + limit
        return try await card.perform(within: limit, meanwhile: meanwhile) {
            state throws(PCSCError) in
            var answer: [UInt8] = []
            for part in parts {
                guard .now < deadline else { throw .timeout }
                answer = try state.transmit(part)
                guard answer == [0x90, 0x00] else { break }
            }
            return answer
        }
    }

    private func parts(of command: [UInt8]) -> [[UInt8]]? {
        guard command.count >= 4 else { return nil }
        guard command.count > profile.maximumCommand else { return [command] }
        return joinsParts ? CommandChain.parts(of: command, limit: profile.maximumCommand) : nil
    }

    /// Shows the card in the field a polling frame, which it reads before the next command.
    ///
    /// False, and nothing is sent, when the profile says that the reader cannot.
    @discardableResult
    public func announce(
        _ frame: [UInt8], within limit: Duration = .seconds(1)
    ) async throws(PCSCError) -> Bool {
        guard let code = profile.announcement else { return false }
        try await card.perform(within: limit) { state throws(PCSCError) in
            try state.control(code, frame)
        }
        return true
    }

    /// Takes the field away and gives it back: reconnect with power off (PROTOCOL 20).
    public func resetField(within limit: Duration = .seconds(1)) async throws(PCSCError) {
        try await card.perform(within: limit) { state throws(PCSCError) in
            try state.resetField()
        }
    }

    /// Powers the card off and gives the reader back; returns when that is done or after `limit`.
    public func disconnect(within limit: Duration = .milliseconds(500)) async {
        _ = try? await card.perform(within: limit) { state throws(PCSCError) in
            state.disconnect()
        }
        card.drop()
    }
}

/// The thread of one channel and what only that thread touches.
private final class CardConnection: Sendable {
    private let thread = BlockingThread(name: "pcsc channel")
    private let state = CardState()
    private let dropped = DroppedFlag()

    /// Runs `body` on the thread; throws `timeout` and drops the channel when it takes too long.
    func perform<Value: Sendable>(
        within limit: Duration, meanwhile: () -> Void = {},
        _ body: @escaping @Sendable (CardState) throws(PCSCError) -> Value
    ) async throws(PCSCError) -> Value {
        guard !dropped.isSet else { throw .closed }
        let result: Result<Value, PCSCError> = await withCheckedContinuation { continuation in
            let race = Race(continuation)
            let alarm = Task {
                try? await Task.sleep(for: limit)
                if !Task.isCancelled { race.finish(.failure(.timeout)) }
            }
            thread.submit { [state] in
                let result = Result { () throws(PCSCError) in try body(state) }
                race.finish(result)
                alarm.cancel()
            }
            meanwhile()
        }
        // Before the caller hears of it: its next call must find the channel closed.
        if result.isTimeout { drop() }
        return try result.get()
    }

    /// Gives up the card; the thread does so when it is next free, and ends.
    func drop() {
        guard dropped.set() else { return }
        thread.finish { [state] in state.disconnect() }
    }
}

extension Result where Failure == PCSCError {
    fileprivate var isTimeout: Bool {
        if case .failure(.timeout) = self { true } else { false }
    }
}

/// Set once.
private final class DroppedFlag: @unchecked Sendable {
    private let lock = NSLock()
    // Guarded by `lock`.
    private var value = false

    var isSet: Bool { lock.withLock { value } }

    /// False when it was set before.
    func set() -> Bool {
        lock.withLock {
            defer { value = true }
            return !value
        }
    }
}

/// Context and card handle of one channel; touched by the thread of that channel only.
private final class CardState: @unchecked Sendable {
    private var context: CardContext?
    private var card: SCARDHANDLE?
    private var activeProtocol: DWORD = 0
    private var buffer = [UInt8](repeating: 0, count: 4096)

    func connect(_ reader: String) throws(PCSCError) -> [UInt8] {
        let context = try CardContext()
        let opened = try context.connect(reader)
        self.context = context
        card = opened.card
        activeProtocol = opened.protocol
        do {
            return try answerToReset(opened.card)
        } catch {
            disconnect()
            throw error
        }
    }

    func transmit(_ command: [UInt8]) throws(PCSCError) -> [UInt8] {
        guard let card else { throw .closed }
        var count = DWORD(buffer.count)
        let result = SCardTransmit(
            card, latchkey_pci(activeProtocol), command, DWORD(command.count), nil, &buffer, &count)
        if let error = PCSCError(result: result) { throw error }
        // A card that leaves in mid-answer is reported as success with as much as had arrived: what
        // does not end in a status word 6x or 9x (ISO 7816-4) is torn.
        let answer = Array(buffer.prefix(Int(count)))
        guard let first = answer.dropLast().last, [0x60, 0x90].contains(first & 0xF0) else {
            throw .cardGone
        }
        return answer
    }

    func control(_ code: UInt32, _ bytes: [UInt8]) throws(PCSCError) {
        guard let card else { throw .closed }
        var count: DWORD = 0
        let result = SCardControl(
            card, DWORD(code), bytes, DWORD(bytes.count), &buffer, DWORD(buffer.count), &count)
        if let error = PCSCError(result: result) { throw error }
    }

    func resetField() throws(PCSCError) {
        guard let card else { throw .closed }
        let result = SCardReconnect(
            card, DWORD(SCARD_SHARE_EXCLUSIVE), DWORD(SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1),
            DWORD(SCARD_UNPOWER_CARD), &activeProtocol)
        if let error = PCSCError(result: result) { throw error }
    }

    func disconnect() {
        if let card { SCardDisconnect(card, DWORD(SCARD_UNPOWER_CARD)) }
        card = nil
        context = nil
    }

    private func answerToReset(_ card: SCARDHANDLE) throws(PCSCError) -> [UInt8] {
        var atr = [UInt8](repeating: 0, count: Int(MAX_ATR_SIZE))
        var count = DWORD(atr.count)
        var nameCount: DWORD = 0
        var state: DWORD = 0
        var active: DWORD = 0
        let result = SCardStatus(card, nil, &nameCount, &state, &active, &atr, &count)
        if let error = PCSCError(result: result) { throw error }
        return Array(atr.prefix(Int(count)))
    }
}
