// SPDX-License-Identifier: Apache-2.0

import Foundation
import Identifiers
import KeyProtocol
import Synchronization
import VirtualPhone

/// A connection between a car's radio and a phone, which a thread of this process plays.
final class StreamLine: Sendable {
    typealias Exchange = (command: StreamFrame, answer: StreamFrame)
    private typealias Role = @Sendable (StreamFrame) -> StreamFrame?

    private let car: StreamEnd
    private let role: Mutex<Role>

    init() throws {
        let (car, phone) = try StreamEnd.pair()
        self.car = car
        role = Mutex { _ in nil }
        Thread { [self] in
            while let frame = phone.next() {
                let role = role.withLock { $0 }
                if let answer = role(frame) { phone.send(answer) }
            }
        }.start()
    }

    func close() { car.close() }

    /// From before the first command until the car has decided and the last answer is there; with what
    /// both have kept.
    func tap(
        _ car: VehicleRecord, by phone: PhoneCard, _ kind: TransactionKind
    ) throws -> (time: Duration, trace: [Exchange], car: VehicleRecord, phone: PhoneCard) {
        let held = Held(phone)
        role.withLock { $0 = { frame in held.use { $0.receive(frame, at: Scene.now) } } }
        var (record, trace): (VehicleRecord, [Exchange]) = (car, [])
        let start = ContinuousClock.now
        var session = ReaderSession(
            record: car, purpose: .transaction(.presence), interface: .wired, random: .system)
        var step = session.start(at: Scene.now)
        while true {
            if let save = step.save { record = save }
            switch step.next {
            case .transmit(let command):
                let answer = try exchange(.command(command))
                trace.append((.command(command), answer))
                step = session.received(answer.data, at: Scene.now)
            case .finish(let outcome):
                let time = ContinuousClock.now - start
                try outcome.expect(kind)
                return (time, trace, record, held.use { $0 })
            case .fieldReset, .wait: throw BenchmarkError("a radio neither resets nor waits")
            }
        }
    }

    /// The same bytes both ways, with nobody thinking.
    func echo(_ trace: [Exchange]) throws -> Duration {
        let answers = Answers(trace.map(\.answer))
        role.withLock { $0 = { _ in answers.next() } }
        let start = ContinuousClock.now
        for exchange in trace { _ = try self.exchange(exchange.command) }
        return ContinuousClock.now - start
    }

    private func exchange(_ command: StreamFrame) throws -> StreamFrame {
        car.send(command)
        guard let answer = car.next() else { throw BenchmarkError("the phone is gone") }
        return answer
    }
}

/// One end of a TCP connection on loopback that carries frames; its calls block.
final class StreamEnd: Sendable {
    private let file: Int32
    private let buffer = Mutex(StreamBuffer())

    private init(_ file: Int32) {
        self.file = file
        var on: Int32 = 1
        setsockopt(file, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
    }

    /// Two ends of one connection.
    static func pair() throws -> (StreamEnd, StreamEnd) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { Glibc.close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let caller = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let connected = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                Glibc.bind(listener, address, size) == 0 && Glibc.listen(listener, 1) == 0
                    && getsockname(listener, address, &size) == 0
                    && Glibc.connect(caller, address, size) == 0
            }
        }
        let called = accept(listener, nil, nil)
        guard connected, called >= 0 else { throw BenchmarkError("no connection on loopback") }
        return (StreamEnd(caller), StreamEnd(called))
    }

    func send(_ frame: StreamFrame) {
        let bytes = frame.encoded
        _ = Glibc.send(file, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// The next frame; none once the connection has ended.
    func next() -> StreamFrame? {
        while true {
            if let frame = buffer.withLock({ buffer in try? buffer.next() }) { return frame }
            var bytes = [UInt8](repeating: 0, count: 1024)
            let count = recv(file, &bytes, bytes.count, 0)
            guard count > 0 else { return nil }
            buffer.withLock { $0.append(Array(bytes.prefix(count))) }
        }
    }

    /// Ends the connection; both ends see it.
    func close() { shutdown(file, Int32(SHUT_RDWR)) }

    deinit { Glibc.close(file) }
}
