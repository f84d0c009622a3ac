// SPDX-License-Identifier: Apache-2.0

public import CoreMetrics
import Synchronization

/// A backend for swift-metrics that prints the Prometheus text format.
///
/// Counters end in `_total`, timers are histograms in seconds. Each metric keeps at most
/// `seriesLimit` combinations of labels; later ones are counted together under the label value
/// `other`, so that no caller can fill the memory.
public final class PrometheusMetrics: MetricsFactory {
    /// Most label combinations of one metric.
    public static let seriesLimit = 300

    enum Kind: String { case counter, gauge, histogram }

    struct Family {
        let kind: Kind
        var series: [[Label]: MetricSeries] = [:]
    }

    struct Label: Hashable { let name, value: String }

    let families = Mutex<[String: Family]>([:])

    /// An empty registry.
    public init() {}

    func series(_ label: String, _ dimensions: [(String, String)], _ kind: Kind, unit: String = "")
        -> MetricSeries
    {
        var name = Self.sanitized(label)
        if !unit.isEmpty, !name.hasSuffix(unit) { name += unit }
        let labels = dimensions.map {
            Label(name: Self.sanitized($0.0), value: String($0.1.prefix(128)))
        }.sorted { $0.name < $1.name }
        return families.withLock { families in
            // A name belongs to its first kind: another kind under it gets a name of its own.
            if let known = families[name], known.kind != kind { name += "_\(kind.rawValue)" }
            var family = families[name] ?? Family(kind: kind)
            defer { families[name] = family }
            if let known = family.series[labels] { return known }
            let full = family.series.count >= Self.seriesLimit
            let kept = full ? labels.map { Label(name: $0.name, value: "other") } : labels
            if let known = family.series[kept] { return known }
            let made = MetricSeries(kind)
            family.series[kept] = made
            return made
        }
    }

    /// Letters, digits, `_` and `:`; anything else, such as the dots of OpenTelemetry, becomes `_`.
    static func sanitized(_ name: String) -> String {
        let result = String(
            name.map {
                $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") ? $0 : "_"
            })
        return result.first?.isNumber == false ? result : "_" + result
    }

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions, .counter, unit: "_total")
    }

    public func makeFloatingPointCounter(label: String, dimensions: [(String, String)])
        -> any FloatingPointCounterHandler
    {
        series(label, dimensions, .counter, unit: "_total")
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions, .gauge)
    }

    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool)
        -> any RecorderHandler
    {
        series(label, dimensions, aggregate ? .histogram : .gauge)
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, dimensions, .histogram, unit: "_seconds")
    }

    // Series live as long as the process: a restart of a counter would look like a reset.
    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}
}
