// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyCrypto
internal import KeyProtocol

extension Framework {
    /// SPAKE2+ REQUEST: every one starts over with a new x (PROTOCOL 5.3).
    ///
    /// ```
    /// command   5B 02 | 5C 2m | 7F50 20 { C0 C1 C2 C3 } | D6 02
    /// response  50 41 X
    /// ```
    mutating func request(
        _ data: [UInt8], _ element: inout SecureElement, _ state: PhoneState, _ context: Context
    ) throws(Refusal) -> ResponseAPDU {
        abort(&element)
        guard let pairing = state.pairing else { throw Refusal(.notReadyForPairing) }
        guard let request = try? SPAKERequest(parsing: data), request.spakeVersion == .v0100,
            let first = request.appletVersions.first,
            first == ProtocolVersion.highestCommon(state.versions, request.appletVersions)
        else { throw Refusal(.wrongData) }
        guard request.hasSafeCost else { throw Refusal(.wrongEvidence) }
        do throws(CryptoError) {
            let cost = try SPAKE2Plus.Cost(n: request.N, r: request.r, p: request.p)
            let scalars = try SPAKE2Plus.scalars(
                password: pairing.password, salt: request.salt, cost: cost)
            let prover = try SPAKE2Plus.Prover(scalars: scalars, random: context.random)
            session = PairingSession(request: request, prover: prover, at: context.now)
            return ResponseAPDU(TLV(0x50, prover.share).encoded)
        } catch { throw Refusal(.wrongEvidence) }
    }

    /// SPAKE2+ VERIFY: the car shows that it knows the password, then the phone (PROTOCOL 5.4-5.6).
    ///
    /// ```
    /// command   52 41 Y | 57 10 M[1]
    /// response  58 10 M[2]
    /// ```
    mutating func verify(_ data: [UInt8], _ state: inout PhoneState) throws(Refusal) -> ResponseAPDU
    {
        var session = try running()
        guard case .requested(let prover) = session.stage else { throw Refusal(.conditionsNotMet) }
        guard let objects = try? TLVMap(data),
            let share = try? objects.value(0x52, count: 65),
            let evidence = try? objects.value(0x57, count: 16)
        else { throw Refusal(.wrongData) }
        do throws(CryptoError) {
            let (own, keys) = try prover.finish(
                share: share, evidence: evidence, spakeVersion: session.request.spakeVersion.bytes,
                appletVersions: session.request.appletVersions.encoded)
            session.channel = SecureChannel(keys: keys.channel)
            session.longTermSharedSecret = keys.longTermSharedSecret
            session.stage = .describing
            self.session = session
            return ResponseAPDU(TLV(0x58, own).encoded)
        } catch {
            if state.countPairingFailure() { events.append(.pairingModeLeft) }
            throw Refusal(.wrongEvidence)
        }
    }
}
