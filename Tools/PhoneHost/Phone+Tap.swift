// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyProtocol
public import ServiceKit
internal import VirtualPhone

#if canImport(Glibc)
    internal import Glibc
#endif

extension Phone {
    /// Holds the phone to the reader at `address` until the car is done; blocks meanwhile.
    ///
    /// State that a command changed is on disk before its answer leaves.
    public func tap(_ address: ListenAddress, _ options: TapOptions = TapOptions()) throws
        -> TapResult
    {
        try checkTrace(options.trace)
        card.conditions = settings.conditions(options)
        card.leavePairingMode()
        if let password = options.password {
            guard card.conditions.frameworkRuns else { throw PhoneHostError.inPowerReserve(name) }
            guard !card.state.automakers.isEmpty else { throw PhoneHostError.noAutomaker }
            try card.enterPairingMode(password: password, at: clock.now)
        }
        try save()
        _ = card.takeEvents()
        let start = card.snapshot
        var session = TapSession(
            isPairing: options.password != nil, timeout: options.timeout, trace: beginTrace())
        defer { card.conditions = PhoneConditions() }
        var link: ReaderLink? = try ReaderLink.connect(to: address)
        while let open = link, !session.isOver {
            let event = try open.next(until: session.nextLook)
            let wantsReconnect = try handle(event, on: open, &session)
            guard wantsReconnect else { continue }
            link = nil
            lostField()
            // vpcd looks every 400 ms; only then does it see that a phone left and another came.
            usleep(600_000)
            do {
                link = try ReaderLink.connect(to: address)
            } catch  where session.result.apdus > 0 {
                break  // the reader went away in the middle, which the result tells
            }
            session.reconnected()
        }
        // The car writes its log after it let go; a phone takes its time too.
        if session.result.apdus > 0 { usleep(Self.lingering) }
        link = nil
        lostField()
        if card.state.pairing != nil { card.leavePairingMode() }
        session.result.wasPairing = options.password != nil
        note(card.conditions, in: &session.result)
        suspect(session.result)
        if card.conditions.frameworkRuns { session.result.messages = catchUp() }
        try save()
        try noteKeys()
        keepTrace(
            session.trace, at: options.trace, hasFailed: !session.result.isSuccess,
            text: session.result.text, ms: session.milliseconds, start: start, in: &session.result)
        return session.result
    }

    /// Microseconds the phone stays after the end.
    private static var lingering: UInt32 { 150_000 }

    private func lostField() { card.fieldLost() }

    /// True when the phone should leave the reader and come again.
    private func handle(
        _ event: ReaderLink.Event, on link: ReaderLink, _ session: inout TapSession
    ) throws -> Bool {
        switch event {
        case .frame(.atrRequest): session.sent(link.send(ReaderFrame.atr))
        case .frame(.command(let command)): try answer(command, on: link, &session)
        case .frame(.announcement(let frame)):
            guard let frame else { break }
            session.trace.note(frame, ms: session.milliseconds)
            // What a frame brings up is shown by the operating system.
            if card.conditions.frameworkRuns { session.announced(card.announced(frame)) }
        case .frame(.powerOn):
            // A loss of field like any other, but nobody has gone away.
            card.fieldLost()
            collect(&session)
            try save()
            session.powered()
        case .frame(.powerOff), .frame(.reset):
            card.fieldLost()
            session.trace.noteFieldLost(ms: session.milliseconds)
            collect(&session)
            try save()
            session.letGo()
        case .silence: return session.silence()
        case .closed:
            card.fieldLost()
            session.trace.noteFieldLost(ms: session.milliseconds)
            collect(&session)
            return session.closed()
        }
        return false
    }

    private func answer(
        _ command: [UInt8], on link: ReaderLink, _ session: inout TapSession
    ) throws {
        let now = clock.now
        let response = card.respond(to: command, at: now)
        session.commandCame()
        if session.isPairing { session.steer(command) }
        collect(&session)
        try save()
        session.sent(link.send(response))
        session.answered()
        // Only now: a trace must not make the phone slower than it is.
        session.trace.note(
            command, response, ms: session.milliseconds, at: now, keys: card.traceKeys,
            draws: draws.take())
    }

    private func collect(_ session: inout TapSession) {
        for event in card.takeEvents() { session.saw(event) }
    }

    /// Keeps how the phone was, for the hint.
    func note(_ conditions: PhoneConditions, in result: inout TapResult) {
        result.wasInPowerReserve = !conditions.frameworkRuns
        result.wasLocked = !conditions.expressMode && !conditions.isUnlocked
        result.hasSuspendedKey = card.state.keys.contains {
            card.element.phase(of: $0.id) == .suspended
        }
    }

    /// A car that calls a key ended says that an order about it is on its way.
    func suspect(_ result: TapResult) {
        guard case .controlFlow(.failure(.keySuspendedOrTerminated)) = result.ending,
            let key = result.key, !extras.suspects.contains(key),
            card.element.phase(of: key) == .active
        else { return }
        extras.suspects.append(key)
    }
}
