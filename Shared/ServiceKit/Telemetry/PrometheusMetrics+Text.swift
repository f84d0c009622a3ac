// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

extension PrometheusMetrics {
    /// Content type of `text`.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Everything in the Prometheus text format 0.0.4, sorted by name.
    public var text: String {
        var lines: [String] = []
        for (name, family) in families.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
            lines.append("# HELP \(name) \(Self.help(for: name))")
            lines.append("# TYPE \(name) \(family.kind.rawValue)")
            let series = family.series.sorted { Self.text($0.key) < Self.text($1.key) }
            for (labels, series) in series {
                lines += Self.lines(name, labels, series.value, family.kind)
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func lines(
        _ name: String, _ labels: [Label], _ value: MetricSeries.Value, _ kind: Kind
    ) -> [String] {
        guard kind == .histogram else { return ["\(name)\(text(labels)) \(number(value.sum))"] }
        var lines: [String] = []
        var seen = 0
        for (bound, count) in zip(MetricSeries.bounds, value.buckets) {
            seen += count
            let all = labels + [Label(name: "le", value: number(bound))]
            lines.append("\(name)_bucket\(text(all)) \(seen)")
        }
        let all = labels + [Label(name: "le", value: "+Inf")]
        lines.append("\(name)_bucket\(text(all)) \(value.count)")
        lines.append("\(name)_sum\(text(labels)) \(number(value.sum))")
        lines.append("\(name)_count\(text(labels)) \(value.count)")
        return lines
    }

    private static func text(_ labels: [Label]) -> String {
        guard !labels.isEmpty else { return "" }
        let members = labels.map { label in
            let value = label.value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
                .replacing("\n", with: "\\n")
            return "\(label.name)=\"\(value)\""
        }
        return "{" + members.joined(separator: ",") + "}"
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }

    /// Names say what they count, so the help is the name in words.
    private static func help(for name: String) -> String {
        name.split(separator: "_").joined(separator: " ")
    }
}
