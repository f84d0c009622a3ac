// SPDX-License-Identifier: Apache-2.0

import Identifiers
import KeyCrypto
import KeyProtocol

/// A phone's framework in owner pairing: the prover's side of the channel, and three certificates
/// made by somebody else. After phase 2 it becomes the applet of the same phone.
struct TestFramework: TestPhone {
    var scalars: SPAKE2Plus.PasswordScalars
    var random: RandomSource
    var versions: [ProtocolVersion]
    var isReady = true
    var certificates: [[UInt8]]
    var pendingPolls = 0
    /// What 5F63 says once it no longer pends.
    var readiness: [UInt8] = [0x01]
    /// What WRITE DATA answers under the channel.
    var writeAnswer: [UInt8] = []
    var applet: TestApplet
    /// Changes or drops the response with this number.
    var fault: (index: Int, change: ([UInt8]) -> [UInt8]?)?
    /// Changes or drops the framework's responses to this instruction.
    var damage: (instruction: UInt8, change: Damage.Change)?
    private(set) var batch: [UInt8] = []
    private(set) var statement: [UInt8] = []
    private(set) var log: [(command: [UInt8], response: [UInt8])] = []
    private var prover: SPAKE2Plus.Prover?
    private var request: SPAKERequest?
    private var channel: SecureChannel?
    private var rest: [UInt8] = []
    private var isFramework = false
    private var isFirstBatch = true

    init(
        scalars: SPAKE2Plus.PasswordScalars, random: RandomSource, versions: [ProtocolVersion],
        certificates: [[UInt8]], applet: TestApplet
    ) {
        self.scalars = scalars
        self.random = random
        self.versions = versions
        self.certificates = certificates
        self.applet = applet
    }

    mutating func fieldLost() { applet.fieldLost() }

    mutating func respond(to bytes: [UInt8]) -> [UInt8]? {
        if bytes == ApplicationID.applet.select.encoded { isFramework = false }
        if bytes == ApplicationID.framework.select.encoded { isFramework = true }
        var response: [UInt8]?
        if isFramework {
            response = ((try? answer(bytes)) ?? ResponseAPDU(status: .wrongData)).encoded
            if let damage, damage.instruction == bytes[1] {
                response = response.flatMap(damage.change)
            }
        } else {
            response = applet.respond(to: bytes)
        }
        if let fault, fault.index == log.count { response = response.flatMap(fault.change) }
        log.append((bytes, response ?? []))
        return response
    }

    private mutating func answer(_ bytes: [UInt8]) throws -> ResponseAPDU {
        let command = try CommandAPDU(parsing: bytes)
        switch command.ins {
        case Instruction.select:
            return ResponseAPDU(
                FrameworkSelection(appletVersions: versions, isReadyForPairing: isReady).encoded)
        case Instruction.spakeRequest:
            request = try SPAKERequest(parsing: command.data)
            let prover = try SPAKE2Plus.Prover(scalars: scalars, random: random)
            self.prover = prover
            return ResponseAPDU(TLV(0x50, prover.share).encoded)
        case Instruction.spakeVerify: return try verify(command)
        case Instruction.writeData: return try write(command)
        case Instruction.getData:
            let tag = try open(command).reduce(0) { $0 << 8 | Int($1) }
            if tag == 0x5F63 {
                pendingPolls -= 1
                return try sealed(pendingPolls >= 0 ? [0x00] : readiness)
            }
            rest = certificates[max(0, min(2, tag - 0x7F60))]
            return try nextChunk()
        case Instruction.getResponse:
            try channel?.passCommand()
            return try nextChunk()
        default:
            if command.p1 == 2 { isReady = false }
            return ResponseAPDU()
        }
    }

    private mutating func verify(_ command: CommandAPDU) throws -> ResponseAPDU {
        guard let prover, let request else { return ResponseAPDU(status: .conditionsNotMet) }
        let map = try TLVMap(command.data)
        do {
            let (evidence, keys) = try prover.finish(
                share: try map.value(0x52), evidence: try map.value(0x57),
                spakeVersion: request.spakeVersion.bytes,
                appletVersions: request.appletVersions.encoded)
            channel = SecureChannel(keys: keys.channel)
            return ResponseAPDU(TLV(0x58, evidence).encoded)
        } catch {
            return ResponseAPDU(status: .wrongEvidence)
        }
    }

    private mutating func write(_ command: CommandAPDU) throws -> ResponseAPDU {
        let plain = try open(command)
        if isFirstBatch { batch += plain } else { statement += plain }
        if command.p1 == 0x80 { isFirstBatch = false }
        return try sealed(writeAnswer)
    }

    private mutating func nextChunk() throws -> ResponseAPDU {
        let chunk = Array(rest.prefix(239))
        rest = Array(rest.dropFirst(239))
        var response = try sealed(chunk)
        if !rest.isEmpty { response.status = .moreData(rest.count) }
        return response
    }

    private mutating func open(_ command: CommandAPDU) throws -> [UInt8] {
        try channel?.openCommand(command.data) ?? []
    }

    private mutating func sealed(_ plain: [UInt8]) throws -> ResponseAPDU {
        ResponseAPDU(try channel?.sealResponse(plain) ?? [])
    }
}
