// SPDX-License-Identifier: Apache-2.0

import CPCSC
import Foundation

/// The one owner of an `SCARDCONTEXT`.
///
/// Calls on one context exclude each other inside libpcsclite, so the monitor and every channel have
/// their own. All of them block: use from a `BlockingThread`; only `cancel` comes from elsewhere.
final class CardContext: @unchecked Sendable {
    private let handle: SCARDCONTEXT

    init() throws(PCSCError) {
        var handle: SCARDCONTEXT = 0
        let result = SCardEstablishContext(DWORD(SCARD_SCOPE_SYSTEM), nil, nil, &handle)
        if let error = PCSCError(result: result) { throw error }
        self.handle = handle
    }

    deinit { SCardReleaseContext(handle) }

    /// The names of all readers, sorted; empty when there are none.
    func readers() throws(PCSCError) -> [String] {
        for _ in 0..<4 {
            var size: DWORD = 0
            let sized = SCardListReaders(handle, nil, nil, &size)
            if UInt32(truncatingIfNeeded: sized) == PCSCError.Code.noReaders { return [] }
            if let error = PCSCError(result: sized) { throw error }
            var buffer = [CChar](repeating: 0, count: Int(size))
            let listed = SCardListReaders(handle, nil, &buffer, &size)
            switch UInt32(truncatingIfNeeded: listed) {
            case PCSCError.Code.insufficientBuffer: continue  // one arrived in between
            case PCSCError.Code.noReaders: return []
            default: break
            }
            if let error = PCSCError(result: listed) { throw error }
            let names = buffer.prefix(Int(size)).split(separator: 0)
            return names.map { String(decoding: $0.map(UInt8.init(bitPattern:)), as: UTF8.self) }
                .sorted()
        }
        return []
    }

    /// Waits up to `milliseconds` until a state differs from the one given, and returns all of them.
    func waitForChange(
        of states: [ReaderState], milliseconds: UInt
    ) throws(PCSCError) -> [ReaderState] {
        let names = states.map { strdup($0.name) }
        defer { for name in names { free(name) } }
        var entries = zip(states, names).map { state, name in
            var entry = SCARD_READERSTATE()
            entry.szReader = UnsafePointer(name)
            entry.dwCurrentState = DWORD(state.value)
            return entry
        }
        let result = SCardGetStatusChange(
            handle, DWORD(milliseconds), &entries, DWORD(entries.count))
        switch UInt32(truncatingIfNeeded: result) {
        case PCSCError.Code.timeout, PCSCError.Code.cancelled: return states
        default: break
        }
        if let error = PCSCError(result: result) { throw error }
        return zip(states, entries).map { state, entry in
            ReaderState(name: state.name, value: UInt(entry.dwEventState))
        }
    }

    /// Ends a wait on another thread; lost when nobody waits, so repeat it until the thread is out.
    func cancel() { SCardCancel(handle) }

    /// Opens the card in `reader` for this process alone.
    func connect(_ reader: String) throws(PCSCError) -> (card: SCARDHANDLE, protocol: DWORD) {
        var card: SCARDHANDLE = 0
        var active: DWORD = 0
        let result = SCardConnect(
            handle, reader, DWORD(SCARD_SHARE_EXCLUSIVE),
            DWORD(SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1), &card, &active)
        if let error = PCSCError(result: result) { throw error }
        return (card, active)
    }
}

/// What `SCardGetStatusChange` knows of one reader.
struct ReaderState {
    /// The pseudo reader that stands for "the list of readers changed".
    static let anyReader = "\\\\?PnP?\\Notification"

    let name: String
    /// Flags in the low 16 bits, count of insertions and removals above them.
    let value: UInt

    /// Whether a card is there and the reader can say so.
    var isPresent: Bool {
        value & UInt(SCARD_STATE_PRESENT) != 0 && value & UInt(SCARD_STATE_UNAVAILABLE) == 0
    }
    /// How often cards came and went.
    var count: UInt { value >> 16 & 0xFFFF }
}
