import Bytes

/// The Prometheus text exposition format, version 0.0.4.
package enum PrometheusText {
    package static let contentType: StaticString = "text/plain; version=0.0.4; charset=utf-8"

    static func writeHeader(_ family: MetricsRegistry.Family, into output: inout ByteBuffer) {
        output.append("# HELP ")
        output.append(string: family.name)
        output.append(byte: UInt8(ascii: " "))
        appendEscaped(family.help, quotes: false, into: &output)
        output.append("\n# TYPE ")
        output.append(string: family.name)
        output.append(byte: UInt8(ascii: " "))
        output.append(string: family.kind.rawValue)
        output.append(byte: UInt8(ascii: "\n"))
    }

    static func writeSample(_ name: String, _ labels: [MetricLabel], _ value: String, into output: inout ByteBuffer) {
        writeSample(name, suffix: "", labels, bound: nil, value, into: &output)
    }

    static func writeHistogram(
        _ name: String,
        _ labels: [MetricLabel],
        _ distribution: DurationDistribution,
        into output: inout ByteBuffer
    ) {
        var total: UInt64 = 0
        var next = 0
        for (bucket, bound) in DurationBuckets.exported {
            while next <= bucket {
                total &+= distribution.counts[next]
                next += 1
            }
            writeSample(name, suffix: "_bucket", labels, bound: bound, String(total), into: &output)
        }
        while next < distribution.counts.count {
            total &+= distribution.counts[next]
            next += 1
        }
        writeSample(name, suffix: "_bucket", labels, bound: "+Inf", String(total), into: &output)
        let sum = MetricNumber.seconds(nanoseconds: distribution.sumNanoseconds)
        writeSample(name, suffix: "_sum", labels, bound: nil, sum, into: &output)
        writeSample(name, suffix: "_count", labels, bound: nil, String(total), into: &output)
    }

    private static func writeSample(
        _ name: String,
        suffix: StaticString,
        _ labels: [MetricLabel],
        bound: String?,
        _ value: String,
        into output: inout ByteBuffer
    ) {
        output.append(string: name)
        output.append(suffix)
        if !labels.isEmpty || bound != nil {
            var separator: StaticString = "{"
            for label in labels {
                output.append(separator)
                output.append(string: label.name)
                output.append("=\"")
                appendEscaped(label.value, quotes: true, into: &output)
                output.append(byte: UInt8(ascii: "\""))
                separator = ","
            }
            if let bound {
                output.append(separator)
                output.append("le=\"")
                output.append(string: bound)
                output.append(byte: UInt8(ascii: "\""))
            }
            output.append(byte: UInt8(ascii: "}"))
        }
        output.append(byte: UInt8(ascii: " "))
        output.append(string: value)
        output.append(byte: UInt8(ascii: "\n"))
    }

    /// Label values escape `\`, `"` and the line feed; help texts the first and the last.
    private static func appendEscaped(_ text: String, quotes: Bool, into output: inout ByteBuffer) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): output.append("\\\\")
            case UInt8(ascii: "\n"): output.append("\\n")
            case UInt8(ascii: "\"") where quotes: output.append("\\\"")
            default: output.append(byte: byte)
            }
        }
    }
}

/// Numbers as the exposition format writes them.
enum MetricNumber {
    static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let integer = Int64(exactly: value) { return String(integer) }
        return value.description
    }

    /// An exact decimal number of seconds, without trailing zeros.
    static func seconds(nanoseconds: UInt64) -> String {
        let (whole, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        guard rest > 0 else { return String(whole) }
        var digits = String(rest)
        digits = String(repeating: "0", count: 9 - digits.count) + digits
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(whole).\(digits)"
    }
}
