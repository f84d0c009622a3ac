// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import Synchronization

/// Takes an input apart into choices; at the end everything is zero and empty.
struct FuzzInput {
    private var reader: ByteReader

    init(_ bytes: [UInt8]) { reader = ByteReader(bytes) }

    var isAtEnd: Bool { reader.isAtEnd }

    mutating func byte() -> UInt8 { (try? reader.readByte()) ?? 0 }

    /// Up to `count` bytes.
    mutating func take(_ count: Int) -> [UInt8] {
        (try? reader.read(min(count, reader.count))) ?? []
    }

    /// `length(1) ‖ bytes`.
    mutating func piece() -> [UInt8] { take(Int(byte())) }

    mutating func rest() -> [UInt8] { reader.readRest() }

    /// What becomes of `bytes` on a bad wire: the high bits of `action` say how.
    mutating func changed(_ bytes: [UInt8], by action: UInt8) -> [UInt8] {
        var bytes = bytes
        let place = bytes.isEmpty ? 0 : Int(byteIfNeeded(action)) % bytes.count
        switch action >> 5 {
        case 1: if !bytes.isEmpty { bytes[place] ^= 1 << (action >> 2 & 7) }
        case 2: bytes = Array(bytes.prefix(place))
        case 3: bytes += [byte()]
        case 4: if !bytes.isEmpty { bytes[place] = byte() }
        case 5: bytes = piece()
        default: break
        }
        return bytes
    }

    private mutating func byteIfNeeded(_ action: UInt8) -> UInt8 {
        (1...4).contains(action >> 5) ? byte() : 0
    }
}

/// The same bytes for the same seed, draw by draw.
final class FuzzRandom: Sendable {
    private let drawn = Mutex<UInt64>(0)
    private let seed: [UInt8]

    init(seed: String) { self.seed = Array(seed.utf8) }

    var source: RandomSource {
        RandomSource { count, purpose in
            let number = self.drawn.withLock { drawn in
                drawn += 1
                return drawn
            }
            return hkdf(
                self.seed + number.bigEndianBytes, info: Array(purpose.utf8), count: count)
        }
    }
}

/// Keys every target knows, so that signatures can be right.
enum FuzzKeys {
    private static let random = FuzzRandom(seed: "keys").source
    static let vehicleId = VehicleID(
        uncheckedBytes: [0x52, 0x4F, 0x41, 0x44, 0x53, 0x54, 0x45, 0x52])
    static let automaker = PrivateKey.generate(random, for: "J.SK")
    static let phoneMaker = PrivateKey.generate(random, for: "D.SK")
    static let server = PrivateKey.generate(random, for: "Q.SK")
    static let car = PrivateKey.generate(random, for: "vehicle.SK")
    static let friend = PrivateKey.generate(random, for: "friend.SK")
}
