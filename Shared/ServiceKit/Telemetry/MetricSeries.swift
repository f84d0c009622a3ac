// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Synchronization

/// One metric with one combination of labels.
final class MetricSeries: CounterHandler, FloatingPointCounterHandler, MeterHandler,
    RecorderHandler, TimerHandler
{
    struct Value {
        /// Counter or gauge; sum of a histogram.
        var sum = 0.0
        var count = 0
        /// Observations per bucket of `bounds`, not yet accumulated.
        var buckets: [Int] = []
    }

    /// Upper bounds of histogram buckets: 0.5 ms to 30 s, the range of everything we time.
    static let bounds = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
    ]

    private let state: Mutex<Value>
    private let isHistogram: Bool

    init(_ kind: PrometheusMetrics.Kind) {
        isHistogram = kind == .histogram
        let buckets = isHistogram ? [Int](repeating: 0, count: Self.bounds.count) : []
        state = Mutex(Value(buckets: buckets))
    }

    var value: Value { state.withLock { $0 } }

    func increment(by amount: Int64) { increment(by: Double(amount)) }
    func increment(by amount: Double) { state.withLock { $0.sum += amount } }
    func decrement(by amount: Double) { state.withLock { $0.sum -= amount } }
    func reset() { state.withLock { $0.sum = 0 } }
    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { state.withLock { $0.sum = value } }
    func record(_ value: Int64) { record(Double(value)) }
    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1_000_000_000) }

    func record(_ value: Double) {
        guard isHistogram else { return set(value) }
        let bucket = Self.bounds.firstIndex { value <= $0 }
        state.withLock {
            $0.sum += value
            $0.count += 1
            if let bucket { $0.buckets[bucket] += 1 }
        }
    }
}
