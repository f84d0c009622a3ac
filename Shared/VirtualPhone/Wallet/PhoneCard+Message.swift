// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyProtocol
internal import PKI

// What car and phone tell each other of a key beside its use (PROTOCOL 10.4, bits 4 and 5).

extension PhoneCard {
    /// Takes the messages that cars left, and keeps the last one with its key. Bit 4 and what the car
    /// wrote go in one write; what waits for the car stays. Whatever is no message is dropped alike.
    ///
    /// - Returns: the messages that came, with their keys, oldest key first.
    public mutating func takeMessages() -> [(key: KeyID, message: CarMessage)] {
        state.keys.map(\.id).compactMap { key in
            var message: CarMessage?
            // A key that has ended takes nothing any more.
            try? element.updatePrivateMailbox(of: key) { endpoint in
                message = endpoint.takeMessage()
                return true
            }
            keep(message, of: key)
            return message.map { (key, $0) }
        }
    }

    /// Lets `key` end by itself at `time`; until then it works, and its car hears with bit 5 that it
    /// will. None takes that back.
    ///
    /// - Throws: `unknownKey`, or `wrongPhase` for a key that is neither active nor suspended.
    public mutating func endKey(_ key: KeyID, at time: Instant?) throws(PhoneError) {
        try element.updatePrivateMailbox(of: key) { endpoint in
            if time == nil {
                endpoint.signaling.remove(.terminationPending)
            } else {
                endpoint.signaling.insert(.terminationPending)
            }
            return true
        }
        updateKey(key) { $0.endsAt = time }
    }

    /// Ends the keys whose time has come, and names them; asked again, it ends nothing twice.
    public mutating func endOverdueKeys(at now: Instant) -> [KeyID] {
        state.keys.filter { key in
            key.endsAt.map { $0 <= now } ?? false && element.phase(of: key.id) != .terminated
        }.map(\.id).filter { (try? terminateKey($0, reason: .user, at: now)) != nil }
    }

    /// Keeps a message as the last one of its key.
    mutating func keep(_ message: CarMessage?, of key: KeyID) {
        guard let message else { return }
        updateKey(key) { $0.message = message }
    }

    private mutating func updateKey(_ key: KeyID, _ change: (inout WalletKey) -> Void) {
        guard let index = state.keys.firstIndex(where: { $0.id == key }) else { return }
        change(&state.keys[index])
    }
}

extension Endpoint {
    /// Clears bit 4 and everything but what waits for the car; the car's message, if there is one.
    mutating func takeMessage() -> CarMessage? {
        guard signaling.contains(.dataForPhone) else { return nil }
        var area = OEMArea(parsing: oemArea)
        let message = area.message
        area.others = []
        if !signaling.contains(.dataForCar) { area.retireList = [] }
        let empty = [UInt8](repeating: 0, count: mapping.oemAreaSize)
        signaling.remove(.dataForPhone)
        _ = mailboxes.write(
            area.encoded(size: empty.count) ?? empty, to: .privateMailbox, at: Int(mapping.oemArea))
        return message
    }
}
