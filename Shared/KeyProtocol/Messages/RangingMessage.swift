// SPDX-License-Identifier: Apache-2.0

public import Identifiers
public import KeyCrypto

/// What car and phone say while they range: frames of type 2 (PROTOCOL 18.2).
///
/// ```text
/// car   → phone  02 01  vehicle id(8) ‖ session id(8) ‖ round(4) = 0 ‖ nonce(8) ‖ MAC8     start
/// car   → phone  02 02                  session id(8) ‖ round(4)     ‖ nonce(8) ‖ MAC8     challenge
/// phone → car    02 03                  session id(8) ‖ round(4)     ‖ nonce(8) ‖ MAC8     response
/// either way     02 04  reason(1), 00 unlocked                                             end
/// phone → car    02 7F  centimetres(2)                                                     SIMULATION
/// ```
/// A response repeats session, round and nonce. The end is not protected: nobody changes a key because
/// of it. The last frame stands in for the antennas of a car; no product has it.
public enum RangingMessage: Hashable, Sendable {
    case start(VehicleID, RangingRound)
    case challenge(RangingRound)
    case response(RangingRound)
    /// None when the car unlocked.
    case end(RangingReason?)
    case simulatedDistance(centimetres: UInt16)

    private enum ID {
        static let start: UInt8 = 0x01
        static let challenge: UInt8 = 0x02
        static let response: UInt8 = 0x03
        static let end: UInt8 = 0x04
        static let simulatedDistance: UInt8 = 0x7F
    }

    /// Reads a frame of type 2; throws `range` for any other or an unknown id, `length` for a wrong size.
    public init(parsing frame: StreamFrame) throws(ProtocolError) {
        guard frame.type == .ranging else { throw .range }
        var reader = ByteReader(frame.data)
        do throws(ByteError) {
            switch frame.id {
            case ID.start:
                self = .start(
                    try VehicleID(reader.read(VehicleID.size)), try RangingRound(&reader))
            case ID.challenge: self = .challenge(try RangingRound(&reader))
            case ID.response: self = .response(try RangingRound(&reader))
            case ID.end:
                let code = try reader.readByte()
                self = .end(code == 0 ? nil : RangingReason(rawValue: code) ?? .unspecified)
            case ID.simulatedDistance:
                self = .simulatedDistance(centimetres: try reader.readInteger())
            default: throw .notHexadecimal
            }
            try reader.expectEnd()
        } catch {
            throw error == .notHexadecimal ? .range : .length
        }
    }

    /// The frame.
    public var frame: StreamFrame {
        switch self {
        case .start(_, let round): StreamFrame(.ranging, ID.start, fields + round.mac)
        case .challenge(let round): StreamFrame(.ranging, ID.challenge, fields + round.mac)
        case .response(let round): StreamFrame(.ranging, ID.response, fields + round.mac)
        case .end(let reason): StreamFrame(.ranging, ID.end, [reason?.rawValue ?? 0])
        case .simulatedDistance(let centimetres):
            StreamFrame(.ranging, ID.simulatedDistance, centimetres.bigEndianBytes)
        }
    }

    private var fields: [UInt8] {
        switch self {
        case .start(let vehicle, let round): vehicle.bytes + round.fields
        case .challenge(let round), .response(let round): round.fields
        case .end, .simulatedDistance: []
        }
    }

    /// Type, id and fields: what the MAC is over.
    private var macInput: [UInt8] { [frame.type.rawValue, frame.id] + fields }

    /// The same message with the MAC of `keys`.
    public func sealed(
        with keys: RangingKeys, by sender: RangingKeys.Sender
    ) throws(CryptoError) -> RangingMessage {
        let mac = try keys.mac(of: macInput, by: sender)
        func sealed(_ round: RangingRound) -> RangingRound {
            RangingRound(
                sessionId: round.sessionId, number: round.number, nonce: round.nonce, mac: mac)
        }
        return switch self {
        case .start(let vehicle, let round): .start(vehicle, sealed(round))
        case .challenge(let round): .challenge(sealed(round))
        case .response(let round): .response(sealed(round))
        case .end, .simulatedDistance: self
        }
    }

    /// Whether the MAC is that of `sender`; false for messages without one.
    public func isSealed(with keys: RangingKeys, by sender: RangingKeys.Sender) -> Bool {
        switch self {
        case .start(_, let round), .challenge(let round), .response(let round):
            keys.isValid(round.mac, of: macInput, by: sender)
        case .end, .simulatedDistance: false
        }
    }
}

/// The fields that challenges and responses share.
public struct RangingRound: Hashable, Sendable {
    /// 8 bytes, drawn by the car for each session.
    public let sessionId: [UInt8]
    /// 0 in the start, then strictly growing.
    public let number: UInt32
    /// 8 bytes, drawn by the car for each round.
    public let nonce: [UInt8]
    /// 8 bytes; empty until the message is sealed.
    public let mac: [UInt8]

    /// A round.
    public init(sessionId: [UInt8], number: UInt32, nonce: [UInt8], mac: [UInt8] = []) {
        self.sessionId = sessionId
        self.number = number
        self.nonce = nonce
        self.mac = mac
    }

    init(_ reader: inout ByteReader) throws(ByteError) {
        sessionId = try reader.read(8)
        number = try reader.readInteger()
        nonce = try reader.read(8)
        mac = try reader.read(8)
    }

    var fields: [UInt8] { sessionId + number.bigEndianBytes + nonce }
}
