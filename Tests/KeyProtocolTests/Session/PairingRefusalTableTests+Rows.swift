// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol
import PKI
import TestKit
import Testing

// MARK: - Rows up to the channel

extension PairingRefusalTableTests {
    static let selection: [Row] = [
        Row(.notInPairingMode, "a car without a password") { $0.record.pairing = nil },
        Row(.notInPairingMode, "a car whose password is too old") {
            $0.record.pairing?.expiresAt = .test
        },
        Row(
            .noCommonSPAKEVersion, "5A of other versions",
            Damage.objects { $0[tag: 0x5A] = [2, 0] }),
        Row(.noCommonAppletVersion, "5C of other versions") {
            $0.phone.versions = [ProtocolVersion(rawValue: 0x0300)]
        },
        Row(.objectMalformed, "5A missing", Damage.objects { $0[tag: 0x5A] = nil }),
        Row(.objectMalformed, "5A empty", Damage.objects { $0[tag: 0x5A] = [] }),
        Row(.objectMalformed, "5A of three bytes", Damage.objects { $0[tag: 0x5A]?.append(2) }),
        Row(.objectMalformed, "5A doubled", Damage.objects { $0.double(0x5A) }),
        Row(.objectMalformed, "5C missing", Damage.objects { $0[tag: 0x5C] = nil }),
        Row(.objectMalformed, "5C empty", Damage.objects { $0[tag: 0x5C] = [] }),
        Row(.objectMalformed, "5C of three bytes", Damage.objects { $0[tag: 0x5C]?.removeLast() }),
        Row(.objectMalformed, "5C doubled", Damage.objects { $0.double(0x5C) }),
        Row(.objectMalformed, "D4 missing", Damage.objects { $0[tag: 0xD4] = nil }),
        Row(.objectMalformed, "D4 of two bytes", Damage.objects { $0[tag: 0xD4] = [0, 2] }),
        Row(.objectMalformed, "D4 doubled", Damage.objects { $0.double(0xD4) }),
        Row(.objectMalformed, "nothing at all", Damage.status(.done)),
        Row(.objectMalformed, "after the field reset") { pairing in
            var clean = pairing
            _ = clean.pair()
            let selects = clean.phone.log.indices.filter {
                clean.phone.log[$0].command == ApplicationID.framework.select.encoded
            }
            pairing.phone.fault = (
                try #require(selects.last), Damage.objects { $0[tag: 0x5C] = nil }
            )
        },
    ]

    static let password: [Row] = [
        Row(
            .none, "REQUEST refused", of: Instruction.spakeRequest,
            Damage.status(.notReadyForPairing)),
        Row(
            .shareInvalid, "X with a byte more", of: Instruction.spakeRequest,
            Damage.objects { $0[tag: 0x50]?.append(0) }),
        Row(
            .shareInvalid, "X off the curve", of: Instruction.spakeRequest,
            Damage.objects { $0[tag: 0x50]?[64] ^= 1 }),
        Row(
            .objectMalformed, "X doubled", of: Instruction.spakeRequest,
            Damage.objects { $0.double(0x50) }),
        Row(
            .evidenceFailed, "M[2] with another bit", of: Instruction.spakeVerify,
            Damage.objects { $0[tag: 0x58]?[15] ^= 1 }),
        Row(
            .evidenceFailed, "VERIFY refused", of: Instruction.spakeVerify,
            Damage.status(.wrongEvidence)),
        Row(
            .none, "VERIFY out of order", of: Instruction.spakeVerify,
            Damage.status(.conditionsNotMet)),
        Row(
            .objectMalformed, "58 missing", of: Instruction.spakeVerify,
            Damage.objects { $0[tag: 0x58] = nil }),
        Row(
            .objectMalformed, "58 of 15 bytes", of: Instruction.spakeVerify,
            Damage.objects { $0[tag: 0x58]?.removeLast() }),
        Row(
            .objectMalformed, "58 of 17 bytes", of: Instruction.spakeVerify,
            Damage.objects { $0[tag: 0x58]?.append(0) }),
        Row(
            .objectMalformed, "58 doubled", of: Instruction.spakeVerify,
            Damage.objects { $0.double(0x58) }),
        Row(.storageFull, "32 keys and no owner's") {
            $0.record.fill(with: KeyConfig(profile: .full, notBefore: TestPKI.start))
        },
    ]

    static let channel: [Row] = [
        Row(.secureChannel, "WRITE DATA: MAC", of: Instruction.writeData, Damage.flip(7)),
        Row(.secureChannel, "WRITE DATA: no MAC", of: Instruction.writeData, Damage.status(.done)),
        Row(.secureChannel, "WRITE DATA: MAC doubled", of: Instruction.writeData) {
            $0.dropLast(2) + $0
        },
        Row(.secureChannel, "WRITE DATA: an answer with content") {
            $0.phone.writeAnswer = [0x5F, 0x5F, 0x00]
        },
        Row(.secureChannel, "WRITE DATA: 6988", of: Instruction.writeData, Damage.status(.channel)),
        Row(.none, "WRITE DATA: 6A80", of: Instruction.writeData, Damage.status(.wrongData)),
        Row(.none, "WRITE DATA: 6A84", of: Instruction.writeData, Damage.status(.noMemory)),
        Row(.none, "field reset refused", of: Instruction.controlFlow) { _ in [0x69, 0x85] },
        Row(.secureChannel, "GET DATA: ciphertext", of: Instruction.getData, Damage.flip(3)),
        Row(.secureChannel, "GET DATA: MAC", of: Instruction.getData, Damage.flip(20)),
        Row(.secureChannel, "GET DATA: a byte less", of: Instruction.getData) {
            Array($0.dropFirst())
        },
        Row(.secureChannel, "GET DATA: 6988", of: Instruction.getData, Damage.status(.channel)),
        Row(
            .secureChannel, "GET RESPONSE: MAC", of: Instruction.getResponse, Damage.flip(0)),
        Row(
            .none, "GET RESPONSE refused", of: Instruction.getResponse,
            Damage.status(.conditionsNotMet)),
    ]

    static let objects: [Row] = [
        Row(.internalError, "5F63 says failed") { $0.phone.readiness = [0x02] },
        Row(.objectMalformed, "5F63 empty") { $0.phone.readiness = [] },
        Row(.objectMalformed, "5F63 of an unknown value") { $0.phone.readiness = [0x03] },
        Row(.objectMalformed, "5F63 of two bytes") { $0.phone.readiness = [0x00, 0x01] },
        Row(.objectMalformed, "[F] empty") { $0.phone.certificates[0] = [] },
        Row(.objectMalformed, "[E] empty") { $0.phone.certificates[1] = [] },
        Row(.objectMalformed, "[H] empty") { $0.phone.certificates[2] = [] },
        Row(.objectMalformed, "[H] of more than any certificate has") {
            $0.phone.certificates[2] += [UInt8](repeating: 0, count: 2048)
        },
    ]
}

// MARK: - Rows of the certificates

extension PairingRefusalTableTests {
    private static let other = Result {
        try TestPKI(seed: "someone else").automaker.root.key.publicKey
    }

    /// [H] with another extension .4.
    private static func H(
        _ reason: OPControlFlow.Reason, _ name: String,
        _ change: @escaping @Sendable (inout EndpointExtension) throws -> Void
    ) -> Row {
        Row(reason, "[H]: \(name)") { pairing in
            var value = pairing.asked
            try change(&value)
            try pairing.certify { $0 = value }
        }
    }

    static let certificates: [Row] = [
        Row(.chainRefused, "[F] of another automaker") {
            $0.phone.certificates[0] = $0.others.externalCA.der
        },
        Row(.chainRefused, "[E] of another phone maker") {
            $0.phone.certificates[1] = $0.others.instanceCA.certificate.der
        },
        Row(.chainRefused, "[H] by another phone") {
            $0.phone.certificates[2] = try $0.endpoint(by: $0.others.instanceCA).der
        },
        Row(.chainRefused, "[F] and [E] exchanged") { $0.phone.certificates.swapAt(0, 1) },
        Row(.chainRefused, "[E] and [H] exchanged") { $0.phone.certificates.swapAt(1, 2) },
        Row(.chainRefused, "[E] twice") { $0.phone.certificates[2] = $0.phone.certificates[1] },
        Row(.chainRefused, "[F] issued under another name than the automaker's") {
            $0.record.identity.automakerName = "Another"
        },
        Row(.chainRefused, "[H] with another bit") { $0.phone.certificates[2][200] ^= 1 },
        Row(.chainRefused, "[H] followed by a byte") { $0.phone.certificates[2].append(0) },
        Row(.chainRefused, "[H] that is no certificate") {
            $0.phone.certificates[2] = [0x30, 0x03, 0x02, 0x01, 0x01]
        },
        Row(.chainRefused, "[H] that ended") { try $0.certify(to: .test.adding(seconds: -1)) },
        Row(.chainRefused, "[H] that has not begun") {
            try $0.certify(from: .test.adding(seconds: 1))
        },
        H(.identifierMismatch, "another vehicle identifier") {
            $0.vehicleId = try VehicleID([8, 7, 6, 5, 4, 3, 2, 1])
        },
        H(.identifierMismatch, "another vehicle.PK") { $0.vehiclePK = try other.get() },
        // Both of another car, as in an [H] of a pairing with that car.
        H(.identifierMismatch, "of another car, and with other options") {
            $0.vehicleId = try VehicleID([8, 7, 6, 5, 4, 3, 2, 1])
            ($0.vehiclePK, $0.optionGroup1) = (try other.get(), 0)
        },
    ]

    static let optionBits: [Row] = (0..<8).flatMap { bit in
        [
            H(.optionsRefused, "option_group_1 b\(bit)") { $0.optionGroup1 ^= 1 << UInt8(bit) },
            H(.optionsRefused, "option_group_2 b\(bit)") { $0.optionGroup2 ^= 1 << UInt8(bit) },
        ]
    }

    static let options: [Row] = [
        H(.optionsRefused, "a lower version") { $0.protocolVersion = [1, 0] },
        H(.optionsRefused, "a higher version") { $0.protocolVersion = [3, 0] },
        H(.optionsRefused, "the slot id of another pairing") { $0.initialKeySlot = [1, 1] },
        H(.optionsRefused, "a slot id of one byte") { $0.initialKeySlot = [1] },
        H(.optionsRefused, "a slot id of eight bytes") {
            $0.initialKeySlot = [0, 1, 0, 1, 0, 1, 0, 1]
        },
        H(.optionsRefused, "a smaller confidential mailbox") { $0.confidentialMailboxSize -= 1 },
        H(.optionsRefused, "a larger confidential mailbox") { $0.confidentialMailboxSize += 1 },
        H(.optionsRefused, "a smaller private mailbox") { $0.privateMailboxSize -= 1 },
        H(.optionsRefused, "a larger private mailbox") { $0.privateMailboxSize += 1 },
        H(.optionsRefused, "an authorized key missing") { $0.authorizedPKs.removeLast() },
        H(.optionsRefused, "an authorized key more") {
            $0.authorizedPKs.append(try other.get())
        },
        H(.optionsRefused, "another authorized key") { $0.authorizedPKs[1] = try other.get() },
        H(.optionsRefused, "an authorized key doubled") {
            $0.authorizedPKs[1] = $0.authorizedPKs[0]
        },
        H(.optionsRefused, "authorized keys reordered") { $0.authorizedPKs.swapAt(0, 1) },
        H(.optionsRefused, "no account hash") { $0.accountInfoHash = nil },
        H(.optionsRefused, "another account hash") { $0.accountInfoHash?[31] ^= 1 },
        Row(.optionsRefused, "[H]: an account hash nobody asked for") {
            $0.record.configuration.accountInfoHash = nil
        },
        Row(.optionsRefused, "[H]: begins a second later") {
            try $0.certify(from: TestPKI.start.adding(seconds: 1))
        },
        Row(.optionsRefused, "[H]: begins a second earlier") {
            try $0.certify(from: TestPKI.start.adding(seconds: -1))
        },
        Row(.optionsRefused, "[H]: has an end") { try $0.certify(to: .test.adding(seconds: 60)) },
    ]
}
