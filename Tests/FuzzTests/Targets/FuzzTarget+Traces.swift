// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import VirtualPhone

/// Recorded taps, which people hand around: named byte by byte, read and played again.
extension FuzzTarget {
    static let traces = [
        FuzzTarget("apdu-annotator", annotator),
        FuzzTarget("tap-trace", trace),
    ]

    /// `{ flags(1) ‖ [keys(48)] ‖ length(1) command ‖ length(1) answer }*`: no byte is left out.
    @Sendable private static func annotator(_ bytes: [UInt8]) throws {
        var input = FuzzInput(bytes)
        var (annotator, isClear) = (APDUAnnotator(), true)
        while !input.isAtEnd {
            let flags = input.byte()
            let keys = flags & 1 == 0 ? nil : ChannelKeys(exposed: input.take(48))
            let (command, answer) = (wholeCommand(&input, flags), input.piece())
            let apdus = annotator.annotate(command: command, response: answer, keys: keys)
            let lines = apdus.flatMap(TraceText(reveals: true, isFull: true).lines)
            try require(!lines.contains { $0.contains(where: \.isNewline) }, "a line is two")
            guard let apdu = apdus.first, apdu.isCommand, apdus.count == 2 else {
                throw FuzzFailure("\(apdus.count) APDUs of one exchange")
            }
            // With keys, what is protected is shown as what it says.
            isClear = isClear && keys == nil
            guard isClear else { continue }
            let data = (try? CommandAPDU(parsing: command))?.data ?? Array(command.dropFirst(4))
            let shown = apdu.parts.flatMap(\.bytes)
            try require(shown == data, "\(apdu.title): \(data.hex) is shown as \(shown.hex)")
        }
    }

    /// A command that is well formed when `flags` say so.
    private static func wholeCommand(_ input: inout FuzzInput, _ flags: UInt8) -> [UInt8] {
        guard flags & 2 != 0 else { return input.piece() }
        let selects = [ApplicationID.framework.select, ApplicationID.applet.select]
        if flags & 4 != 0 { return selects[Int(flags >> 3 & 1)].encoded }
        let header = input.take(4)
        guard header.count == 4 else { return header }
        return CommandAPDU(
            cla: header[0], ins: header[1], p1: header[2], p2: header[3], data: input.piece()
        ).encoded
    }

    /// A trace as text, also played to a phone and by the car it may hold.
    @Sendable private static func trace(_ bytes: [UInt8]) throws {
        guard let trace = TapTrace(parsing: String(decoding: bytes, as: UTF8.self)) else { return }
        let again = try TapTrace(parsing: trace.text())
        try require(again == trace, "a trace is another when read again")
        _ = trace.annotated().flatMap(\.apdus).flatMap(TraceText().lines)
        let commands = trace.lines.count { $0.command != nil }
        let phone = PhoneReplay(trace, snapshot: FuzzWorld.shared.owner.snapshot)
        let car = CarReplay.recorded(trace)
        for comparison in [phone.comparison, car?.comparison].compactMap(\.self) {
            try require(comparison.equal <= commands, "more answers than commands")
        }
    }
}

extension TracePart {
    /// All of it as on the wire.
    fileprivate var bytes: [UInt8] {
        head + (parts.isEmpty ? value : parts.flatMap(\.bytes))
    }
}
