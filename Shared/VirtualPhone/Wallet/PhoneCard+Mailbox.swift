// SPDX-License-Identifier: Apache-2.0

public import Identifiers
internal import KeyCrypto
internal import KeyProtocol
public import PKI

// What the wallet writes for the car into the private mailbox (PROTOCOL 10.2, 10.7, 10.8).

extension PhoneCard {
    /// Puts the receipt of key tracking into the mailbox and sets signaling bit 2 (10.8).
    public mutating func storeReceipt(
        _ receipt: KtsReceipt, for key: KeyID
    ) throws(PhoneError) {
        let wallet = try state.key(key)
        let description = try element.description(of: key)
        guard receipt.vehicleId == wallet.vehicleId, receipt.keyId == key,
            receipt.slotId == description.slotId
        else { throw .mismatch("the receipt is for another key") }
        try requireSignature(receipt, of: wallet, by: receipt.ktsKeyId)
        let bytes = receipt.encoded
        try element.updatePrivateMailbox(of: key) { endpoint in
            endpoint.signaling.insert(.receipt)
            return endpoint.writeObject(
                bytes, at: endpoint.mapping.receipt, size: endpoint.mapping.receiptSize)
        }
        guard let index = state.keys.firstIndex(where: { $0.id == key }) else { return }
        state.keys[index].receipt = bytes
    }

    /// Tells the car to retire slot ids at the owner's next tap, signaling bit 3 (10.7).
    ///
    /// Ids that wait there already stay; the list holds at most 20. A message that the car left in the
    /// same area is taken first, and kept with the key.
    public mutating func retire(_ slots: [SlotID], with owner: KeyID) throws(PhoneError) {
        guard try element.endpoint(owner).origin == .pairing else { throw .mayNotShare }
        guard slots.allSatisfy({ $0.position != 1 }) else {
            throw .badRequest("the owner's own slot cannot be retired")
        }
        var message: CarMessage?
        try element.updatePrivateMailbox(of: owner) { endpoint in
            message = endpoint.takeMessage()
            var area = OEMArea(parsing: endpoint.oemArea)
            area.retireList += slots.filter { !area.retireList.contains($0) }
            guard let bytes = area.encoded(size: endpoint.mapping.oemAreaSize) else { return false }
            endpoint.signaling.insert(.dataForCar)
            return endpoint.mailboxes.write(
                bytes, to: .privateMailbox, at: Int(endpoint.mapping.oemArea))
        }
        keep(message, of: owner)
    }

    /// Whether a key of [Q] of this automaker signed `object`.
    func requireSignature<Body>(
        _ object: Signed<Body>, of key: WalletKey, by signer: KeyID
    ) throws(PhoneError) {
        guard let automaker = state.automakers.first(where: { $0.name == key.automaker }),
            let signatureKey = automaker.signatureKeys.first(where: { $0.keyId == signer })
        else { throw .mismatch("signed by an unknown server") }
        guard object.isSigned(by: signatureKey) else { throw .object(.signature) }
    }
}

/// The OEM area: TLVs of one-byte tags and lengths, then zeros (PROTOCOL 10.2).
///
/// ```
/// C1 len { slot id(2) }… | C2 len message | C3…DE car maker's own | 00 …
/// ```
struct OEMArea {
    var retireList: [SlotID] = []
    /// The car's message, which is one of the others.
    private(set) var message: CarMessage?
    /// The automaker's own objects, kept as they are.
    var others: [UInt8] = []

    /// Reads up to the first tag 00; what cannot be read was nobody's message and is dropped.
    init(parsing bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        while let tag = try? reader.readByte(), tag != 0, let length = try? reader.readByte(),
            let value = try? reader.read(Int(length))
        {
            guard tag == MailboxLayout.retireListTag else {
                others += [tag, length] + value
                if tag == MailboxLayout.messageTag { message = try? CarMessage(parsing: value) }
                continue
            }
            var ids = ByteReader(value)
            while let id = try? ids.read(2), let slot = try? SlotID(id) { retireList.append(slot) }
        }
    }

    /// The whole area; none when it does not fit.
    func encoded(size: Int) -> [UInt8]? {
        let list = retireList.flatMap(\.bytes)
        var bytes: [UInt8] = []
        if !list.isEmpty { bytes += [MailboxLayout.retireListTag, UInt8(clamping: list.count)] }
        bytes += list + others
        guard retireList.count <= Limits.retireList, bytes.count <= size else { return nil }
        return bytes + [UInt8](repeating: 0, count: size - bytes.count)
    }
}
