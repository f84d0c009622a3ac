// SPDX-License-Identifier: Apache-2.0

internal import Identifiers

/// The clear text of an EXCHANGE response (PROTOCOL 9.2).
///
/// ```text
/// { length(2) data } per read, in order        only when the status is 0000
/// 0002 status(2)
/// ```
public struct ExchangeResponse: Hashable, Sendable {
    /// What was read, in the order of the command.
    public var reads: [[UInt8]]
    /// How it ended.
    public var status: ExchangeStatus

    /// A response.
    public init(reads: [[UInt8]] = [], status: ExchangeStatus = .done) {
        self.reads = status == .done ? reads : []
        self.status = status
    }

    /// The clear text.
    public var encoded: [UInt8] {
        reads.flatMap { UInt16(clamping: $0.count).bigEndianBytes + $0 }
            + [0x00, 0x02] + status.rawValue.bigEndianBytes
    }

    /// Reads the answer to `command`: a length per read exactly as asked for, then the status.
    public init(parsing bytes: [UInt8], to command: ExchangeCommand) throws(ProtocolError) {
        var reader = ByteReader(bytes)
        var reads: [[UInt8]] = []
        do throws(ByteError) {
            if bytes.count > 4 {
                for placed in command.operations {
                    guard case .read(_, let length) = placed.operation else { continue }
                    guard try reader.readInteger(UInt16.self) == length else {
                        throw ByteError.trailing(0)
                    }
                    reads.append(try reader.read(Int(length)))
                }
            }
            guard try reader.readInteger(UInt16.self) == 2,
                let status = ExchangeStatus(rawValue: try reader.readInteger())
            else { throw ByteError.trailing(0) }
            try reader.expectEnd()
            self.init(reads: reads, status: status)
        } catch {
            throw .tlv
        }
        guard status != .done || reads.count == command.readCount else { throw .missing }
    }
}

extension ExchangeCommand {
    /// How many operations answer with data.
    public var readCount: Int {
        operations.count { if case .read = $0.operation { true } else { false } }
    }
}
