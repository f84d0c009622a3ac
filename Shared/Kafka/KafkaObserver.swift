// SPDX-License-Identifier: Apache-2.0

/// Hears what a client does, for logs and metrics; called on the driver's threads, so it must
/// return quickly and must not call back into the client.
public protocol KafkaObserver: Sendable {
    /// Records were acknowledged or failed; `slowest` is the longest time from send to answer.
    func kafkaDelivered(records: Int, failed: Int, slowest: Duration)
    /// Records arrived and wait for the application.
    func kafkaReceived(records: Int, bytes: Int)
    /// A connection, a group or a topic has trouble; the client goes on by itself unless fatal.
    func kafkaFailed(_ error: KafkaError, reason: String)
    /// A line of librdkafka's log; level as in syslog (3 error … 7 debug).
    func kafkaLogged(level: Int, line: String)
    /// Numbers of the last interval.
    func kafkaMeasured(_ statistics: KafkaStatistics)
}

extension KafkaObserver {
    /// Ignored.
    public func kafkaDelivered(records: Int, failed: Int, slowest: Duration) {}
    /// Ignored.
    public func kafkaReceived(records: Int, bytes: Int) {}
    /// Ignored.
    public func kafkaFailed(_ error: KafkaError, reason: String) {}
    /// Ignored.
    public func kafkaLogged(level: Int, line: String) {}
    /// Ignored.
    public func kafkaMeasured(_ statistics: KafkaStatistics) {}
}
