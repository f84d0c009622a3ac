// SPDX-License-Identifier: Apache-2.0

public import VirtualPhone

/// Why a phone could not do what was asked; prints as one line with a hint.
public enum PhoneHostError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A name that cannot be that of a phone.
    case badName(String)
    /// There is no phone of this name.
    case noSuchPhone(String)
    /// There is a phone of this name.
    case phoneExists(String)
    /// Another command uses the phone and does not end.
    case busy(String)
    /// A file of the phone cannot be read.
    case corrupted(String)
    /// Nobody listens at the reader's address.
    case noReader(String)
    /// Nobody listens at the address of a car's radio.
    case noRadio(String)
    /// The reader sent something that is no frame of PROTOCOL 20.
    case readerFrame(String)
    /// The phone cannot be paired: its maker has no automaker's bundle.
    case noAutomaker
    /// No key of this phone fits.
    case noKey(String)
    /// This phone has given away no key that fits.
    case noShare(String)
    /// A link that is no invitation.
    case link(String)
    /// A link to a relay that the device OEM does not allow.
    case relayNotAllowed(host: String)
    /// The device OEM allows no relay.
    case noRelay
    /// The relay does not answer.
    case relayUnreachable(String)
    /// The relay refused.
    case relay(status: Int, operation: String)
    /// The mailbox of an invitation is gone.
    case invitationGone
    /// What lies in a mailbox is not what should.
    case message(String)
    /// Only the secure element has power, and this needs more.
    case inPowerReserve(String)
    /// A watch was wanted, and this is a phone.
    case noWatch(String)
    /// The watch of this name has a key for the vehicle.
    case watchHasKey(String)
    /// A file of the bench that cannot be used, or may not leave or enter here.
    case bench(String)
    /// A pass that its automaker cannot have made for this key.
    case pass(String)
    /// The file a trace was wanted in cannot be written.
    case traceUnwritable(String)

    /// What happened, and what to do next.
    public var description: String {
        switch self {
        case .badName(let name):
            "'\(name)' cannot be the name of a phone\nhint: use 1 to 32 letters, digits, - _ and ."
        case .noSuchPhone(let name):
            "there is no phone \(name)\nhint: latchkey phone list shows all, latchkey phone new \(name) makes one"
        case .phoneExists(let name):
            "there is a phone \(name) already\nhint: choose another name"
        case .busy(let name):
            "another command uses the phone \(name)\nhint: wait for it, or end it"
        case .corrupted(let file):
            "\(file) cannot be read\nhint: restore the phone's folder from a backup"
        case .noReader(let address):
            "no reader listens on \(address)\nhint: check host and port; latchkey status tells whether a stack of this machine is up"
        case .noRadio(let address):
            "no car's radio listens on \(address)\nhint: latchkey vehicle add --passive-entry gives a car one; latchkey status tells whether the stack is up"
        case .readerFrame(let reason): "the reader sent something else than frames: \(reason)"
        case .noAutomaker:
            "the phone's maker knows no automaker, so no car can trust the phone\nhint: exchange bundles first: latchkey device-oem export, latchkey partner issue, latchkey device-oem import"
        case .noKey(let reason): "\(reason)\nhint: latchkey phone list shows the keys"
        case .noShare(let reason): "\(reason)\nhint: latchkey phone shares shows the keys"
        case .link(let reason):
            "this is no invitation: \(reason)\nhint: pass the whole link, in quotes, as the owner's phone printed it"
        case .relayNotAllowed(let host):
            "the relay \(host) is not one this phone's maker allows\nhint: relays.json of the device OEM names those that are"
        case .noRelay:
            "the phone's maker names no relay\nhint: start a stack, or write relays.json in the device OEM's folder"
        case .relayUnreachable(let host):
            "the relay \(host) does not answer\nhint: try again later; nothing is lost"
        case .relay(let status, let operation): "the relay refused to \(operation) (\(status))"
        case .invitationGone:
            "the invitation has ended: it was used, taken back, or is too old\nhint: ask the owner for another one"
        case .inPowerReserve(let name):
            "\(name) is in power reserve: nothing but taps with its keys works\nhint: latchkey phone set \(name) --power on"
        case .noWatch(let name):
            "\(name) is a phone of its own\nhint: choose another name for the watch"
        case .watchHasKey(let name):
            "\(name) has a key for this vehicle already\nhint: latchkey phone list shows it"
        case .bench(let reason): reason
        case .pass(let reason): "the pass is refused: \(reason)"
        case .traceUnwritable(let path):
            "no trace can be written to \(path), so the tap was not begun\nhint: name a file in a folder that is there"
        case .message(let reason): "the other phone sent something unusable: \(reason)"
        }
    }
}

/// A sentence for any error of the core.
enum Sentence {
    static func of(_ error: any Error) -> String {
        guard let error = error as? PhoneError else { return "\(error)" }
        return switch error {
        case .unknownKey: "this phone has no such key"
        case .wrongPhase(let phase): "the key is \(phase.rawValue)"
        case .alreadyHasKey(let vehicle):
            "this phone has a key for the vehicle \(vehicle) already"
        case .automakerUnknown:
            "this phone does not know the automaker of the vehicle\nhint: latchkey device-oem import FILE"
        case .mayNotShare: "this key may not be shared"
        case .noSlotLeft:
            "no slot is left to share\nhint: tap the dashboard reader with the owner's phone, the car refills them"
        case .noConsent: "the owner gave no consent for this, or it was used"
        case .badRequest(let reason): "the request is refused: \(reason)"
        case .mismatch(let reason): "refused: \(reason)"
        case .object(let error): "refused: \(error)"
        case .crypto: "the encrypted content cannot be opened"
        case .full: "the key's mailbox or the phone is full"
        case .replayed: "the order was carried out before, or is older than the last one"
        case .corrupted: "the secure element's state is damaged"
        case .badPassword: "a pairing password has eight digits"
        }
    }
}

extension PhoneError {
    /// What happened, for a person, with a hint where there is one.
    public var sentence: String { Sentence.of(self) }
}
