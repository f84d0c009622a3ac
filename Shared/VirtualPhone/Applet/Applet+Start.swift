// SPDX-License-Identifier: Apache-2.0

internal import Identifiers
internal import KeyCrypto
internal import KeyProtocol

extension Applet {
    /// Stands in for an endpoint the phone does not have, so that nothing is left out (PROTOCOL 3.4, 8.5).
    private static let stranger: Endpoint = {
        let key = PrivateKey.generate(
            RandomSource { count, _ in [UInt8](repeating: 0x5A, count: count) }, for: "stranger")
        let nobody = EndpointDescription(
            vehicleId: VehicleID(uncheckedBytes: [UInt8](repeating: 0, count: 8)),
            vehicleKey: key.publicKey, version: .v0100, options: .ownerDefault,
            slotId: SlotID(generation: 0, position: 1), notBefore: .noEnd, notAfter: .noEnd,
            confidentialSize: 0, privateSize: 0, authorizedKeys: [])
        return Endpoint(
            keyId: key.publicKey.keyId, origin: .pairing, phase: .terminated, description: nobody,
            mapping: .standard, privateKey: key,
            mailboxes: Mailboxes(privateSize: 0, confidentialSize: 0))
    }()

    /// AUTH0: a new transaction with a new ephemeral key.
    ///
    /// ```
    /// command   5C 02 version | 87 41 vehicle_ePK | 4C 10 transaction id | 4D 08 vehicle id
    /// response  86 41 endpoint_ePK [9D 10 cryptogram]
    /// ```
    /// A stranger's vehicle costs the same work: fast keys are derived from random bytes.
    mutating func start(
        _ command: CommandAPDU, _ element: SecureElement, _ context: Context
    ) throws(Refusal) -> [UInt8] {
        transaction = .none
        let (request, vehicleEphemeral) = try Self.request(in: command.data, context)
        let found = element.usableEndpoint(
            for: request.vehicleId, version: request.version, over: context.interface)
        let endpoint = found ?? Self.stranger
        let ephemeral = PrivateKey.generate(context.random, for: "endpoint_eSK")
        let transcript = TransactionTranscript(
            vehicleEphemeral: vehicleEphemeral, endpointEphemeral: ephemeral.publicKey,
            transactionId: request.transactionId, interface: context.interface.rawValue,
            flag: [command.p1, command.p2], version: request.version.bytes,
            phoneVersions: context.versions.encoded, vehicleId: request.vehicleId)
        var started = Started(
            transcript: transcript, ephemeral: ephemeral, key: found?.keyId,
            vehicleKey: endpoint.description.vehicleKey)
        var response = Auth0Response(
            endpointEphemeral: ephemeral.publicKey.bytes, cryptogram: nil)
        if command.p1 == 0x01 {
            let (keys, isReal) = try fastKeys(transcript, endpoint, element, context)
            started.fast = FastChannel(
                channel: SecureChannel(keys: keys.channel), isReal: isReal)
            response.cryptogram = keys.cryptogram
        }
        transaction = .started(started)
        return response.encoded
    }

    private static func request(
        in data: [UInt8], _ context: Context
    ) throws(Refusal) -> (Auth0Command, PublicKey) {
        do {
            let request = try Auth0Command(parsing: data)
            guard context.versions.contains(request.version) else { throw ProtocolError.range }
            return (request, try PublicKey(request.vehicleEphemeral))
        } catch { throw Refusal(.wrongData) }
    }

    /// The keys of Kpersistent, or of fresh random bytes when it may not or cannot be used.
    private func fastKeys(
        _ transcript: TransactionTranscript, _ endpoint: Endpoint, _ element: SecureElement,
        _ context: Context
    ) throws(Refusal) -> (FastKeys, isReal: Bool) {
        let dummy = context.random.bytes(32, for: "dummy Kpersistent")
        let stored = element.fastSecret(of: endpoint, context.conditions)
        let schedule = FastSchedule(transcript, vehicleKeyX: endpoint.description.vehicleKey.x)
        do throws(CryptoError) {
            let keys = try schedule.keys(
                stored ?? PersistentSecret(dummy), deviceKeyX: endpoint.privateKey.publicKey.x)
            return (keys, stored != nil)
        } catch { throw Refusal(.conditionsNotMet) }
    }
}

extension SecureElement {
    /// The active key of `vehicle` whose version is at most the selected one (8.7 row 2) and whose
    /// options know this interface; for any other the phone answers a stranger.
    func usableEndpoint(
        for vehicle: VehicleID, version: ProtocolVersion, over interface: Interface
    ) -> Endpoint? {
        state.endpoints.first {
            $0.description.vehicleId == vehicle && $0.isUsable && $0.description.version <= version
                && $0.allows(interface.option)
        }
    }

    /// Kpersistent, when options and user allow the fast transaction.
    func fastSecret(of endpoint: Endpoint, _ conditions: PhoneConditions) -> PersistentSecret? {
        guard endpoint.allows(.fast),
            conditions.permits(authenticationWanted: endpoint.allows(.userBeforeFast))
        else { return nil }
        return persistentKey(of: endpoint.keyId)
    }
}
