// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A scriptable card in a virtual reader: the phone's end of PROTOCOL 20.
///
/// ```text
/// both ways: length(2, big-endian) || bytes
/// 00 off, 01 on, 02 reset: no answer   04: answer ATR   longer: command APDU, answer response APDU
/// 6A 02 …: polling frame, no answer
/// ```
public final class VirtualCard: Sendable {
    /// What the reader does to the power of the card.
    public enum Power: UInt8, Sendable { case off = 0, on = 1, reset = 2 }

    /// What the card does with a command.
    public enum Reply: Sendable {
        /// Answers.
        case answer([UInt8])
        /// Never answers; the connection stays open.
        case freeze
        /// Sends the length and the first `count` bytes of an answer, then leaves the field.
        case tear([UInt8], after: Int)
        /// Leaves the field without an answer.
        case leave
        /// Sends exactly these bytes, frame or not.
        case raw([UInt8])
    }

    /// Answer to reset of a phone (PROTOCOL 20).
    public static let atr: [UInt8] = [0x3B, 0x80, 0x80, 0x01, 0x01]

    private let port: UInt16
    private let atr: [UInt8]
    private let power: @Sendable (Power) -> Void
    private let announced: (@Sendable ([UInt8]) -> Void)?
    private let respond: @Sendable ([UInt8]) -> Reply
    private let connection = Connection()

    /// A card for the reader on `port` of this machine; `respond` gets whole command APDUs.
    ///
    /// `announced` gets polling frames. Without it the card has never heard of them and takes them
    /// for commands.
    public init(
        port: UInt16, atr: [UInt8] = VirtualCard.atr,
        power: @escaping @Sendable (Power) -> Void = { _ in },
        announced: (@Sendable ([UInt8]) -> Void)? = nil,
        respond: @escaping @Sendable ([UInt8]) -> Reply
    ) {
        (self.port, self.atr, self.power) = (port, atr, power)
        (self.announced, self.respond) = (announced, respond)
    }

    deinit { connection.close() }

    /// Puts the card into the field.
    public func insert() throws {
        let file = try connect()
        connection.open(file)
        let (atr, power, announced, respond) = (atr, power, announced, respond)
        let connection = connection
        Thread { Self.serve(file, connection, atr, power, announced, respond) }.start()
    }

    /// Takes the card out of the field, in the middle of an answer or not.
    public func remove() { connection.close() }

    /// Whether the reader holds the connection.
    public var isInField: Bool { connection.isOpen }

    private func connect() throws -> Int32 {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else {
            close(file)
            throw PrivatePCSC.Failure(description: "no virtual reader on port \(port)")
        }
        return file
    }

    private static func serve(
        _ file: Int32, _ connection: Connection, _ atr: [UInt8], _ power: (Power) -> Void,
        _ announced: (([UInt8]) -> Void)?, _ respond: ([UInt8]) -> Reply
    ) {
        while let frame = readFrame(file) {
            if frame == [4] {
                send(file, framed(atr))
            } else if frame.count == 1, let event = Power(rawValue: frame[0]) {
                power(event)
            } else if let announced, frame.starts(with: [0x6A, 0x02]) {
                announced(frame)
            } else {
                switch respond(frame) {
                case .answer(let bytes): send(file, framed(bytes))
                case .raw(let bytes): send(file, bytes)
                case .freeze: continue
                case .leave: connection.close(file)
                case .tear(let bytes, let count):
                    send(file, Array(framed(bytes).prefix(2 + count)))
                    connection.close(file)
                }
            }
        }
        connection.close(file)
        Glibc.close(file)
    }

    private static func framed(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8(bytes.count >> 8 & 0xFF), UInt8(bytes.count & 0xFF)] + bytes
    }

    private static func readFrame(_ file: Int32) -> [UInt8]? {
        guard let length = read(file, 2) else { return nil }
        return read(file, Int(length[0]) << 8 | Int(length[1]))
    }

    private static func read(_ file: Int32, _ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let read = bytes.withUnsafeMutableBytes { buffer in
                recv(file, buffer.baseAddress.map { $0 + done }, count - done, 0)
            }
            guard read > 0 else { return nil }
            done += read
            // The reader writes length and body apart: without this each waits 40 ms for an ACK.
            var on: Int32 = 1
            setsockopt(file, Int32(IPPROTO_TCP), TCP_QUICKACK, &on, 4)
        }
        return bytes
    }

    private static func send(_ file: Int32, _ bytes: [UInt8]) {
        _ = Glibc.send(file, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }
}

/// The socket of a card in the field, shut down from any thread; the serving thread frees it.
private final class Connection: @unchecked Sendable {
    private let lock = NSLock()
    // Guarded by `lock`.
    private var file: Int32?

    var isOpen: Bool { lock.withLock { file != nil } }

    func open(_ file: Int32) {
        close()
        lock.withLock { self.file = file }
    }

    func close(_ only: Int32? = nil) {
        lock.withLock {
            guard let file, only == nil || only == file else { return }
            shutdown(file, Int32(SHUT_RDWR))
            self.file = nil
        }
    }
}
