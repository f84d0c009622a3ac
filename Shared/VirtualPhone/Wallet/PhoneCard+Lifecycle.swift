// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto
public import PKI

extension PhoneCard {
    /// Ends a key at once, also offline, and returns its signed Termination for the server (15).
    ///
    /// Asked again, also after `deleteKey`, it returns the same object.
    @discardableResult
    public mutating func terminateKey(
        _ key: KeyID, reason: TerminationReason, at now: Instant
    ) throws(PhoneError) -> Termination {
        if element.phase(of: key) != nil {
            state.end(key, try element.terminate(key, reason: reason, at: now))
        }
        guard let ended = state.ended.last(where: { $0.id == key }) else { throw .unknownKey }
        do throws(PKIError) {
            return try Termination(parsing: ended.termination)
        } catch { throw .corrupted }
    }

    /// Removes a terminated key with its key material; its Termination is remembered.
    public mutating func deleteKey(_ key: KeyID) throws(PhoneError) {
        try element.delete(key)
        state.keys.removeAll { $0.id == key }
        state.shares.removeAll { $0.owner == key }
    }

    /// Lost mode: the key answers like an unknown one until it is resumed.
    public mutating func suspendKey(_ key: KeyID) throws(PhoneError) {
        try element.suspend(key)
    }

    /// The phone was found again.
    public mutating func resumeKey(_ key: KeyID) throws(PhoneError) {
        try element.resume(key)
    }

    /// Wipes the phone: every key is terminated with reason "device wiped" and deleted.
    ///
    /// - Returns: the terminations to be sent.
    public mutating func wipe(at now: Instant) throws(PhoneError) -> [Termination] {
        leavePairingMode()
        var terminations: [Termination] = []
        for key in element.keyIds {
            if element.phase(of: key) != .creating {
                terminations.append(try terminateKey(key, reason: .deviceWiped, at: now))
            }
            try deleteKey(key)
        }
        for automaker in state.automakers { element.deleteInstanceCA(for: automaker.name) }
        state.automakers = []
        return terminations
    }

    /// Makes the instance CA for an automaker; its public key goes to the phone maker for [E].
    public mutating func createInstanceCA(
        for automaker: String
    ) -> PublicKey {
        element.createInstanceCA(for: automaker, random)
    }

    /// Takes up an automaker whose [E] fits the instance CA of the same name; replaces an older one.
    public mutating func add(_ automaker: Automaker) throws(PhoneError) {
        let own = element.createInstanceCA(for: automaker.name, random)
        do throws(PKIError) {
            guard try KeyCertificate(der: automaker.instanceCA).publicKey == own else {
                throw .material("[E] is not for the instance CA of this phone")
            }
        } catch { throw .object(error) }
        state.automakers.removeAll { $0.name == automaker.name }
        state.automakers.append(automaker)
    }
}
