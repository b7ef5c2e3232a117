import Bytes
import Observability

/// Numbers, times and lines as the status page writes them.
enum StatusFormat {
    /// `1,238`, `61`, `4.5`, `0.2`; what rounds to nothing and is not nothing is `<0.1`.
    static func rate(_ count: UInt64, seconds: Int64) -> String {
        let rate = Double(count) / Double(max(1, seconds))
        if rate >= 9.95 { return grouped(whole(rate)) }
        if count > 0, rate < 0.05 { return "<0.1" }
        return tenths(rate)
    }

    /// `98.7`, `0`, `100`, without the sign.
    static func percent(_ part: UInt64, of whole: UInt64) -> String {
        whole == 0 ? "0" : tenths(Double(part) / Double(whole) * 100)
    }

    static func grouped(_ number: UInt64) -> String {
        let digits = Array(String(number))
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }

    /// Milliseconds without their unit: `24`, `1,900`, `0.4`.
    static func milliseconds(nanoseconds: UInt64) -> String {
        let milliseconds = Double(nanoseconds) / 1_000_000
        return milliseconds < 0.95 ? tenths(milliseconds) : grouped(whole(milliseconds))
    }

    /// The largest unit that fits: `12 days`, `3 hours`, `14 minutes`, `9 seconds`.
    static func duration(_ seconds: Int64) -> String {
        let units: [(Int64, String)] = [(86_400, "day"), (3600, "hour"), (60, "minute")]
        let seconds = max(0, seconds)
        for (size, name) in units where seconds >= size {
            return "\(seconds / size) \(name)\(seconds / size == 1 ? "" : "s")"
        }
        return "\(seconds) second\(seconds == 1 ? "" : "s")"
    }

    /// `2026-01-31T23:59:59.000Z`.
    static func timestamp(_ unixTime: Int64) -> String {
        var timestamp = LogTimestamp()
        var output = ByteBuffer()
        // Certificates may run to the year 9999, and a hand-made one to anything.
        timestamp.append(unixMilliseconds: unixTime.multipliedClamping(by: 1000), to: &output)
        return output.bytes.text
    }

    /// `3 December 2025`.
    static func date(_ unixTime: Int64) -> String {
        let parts = timestamp(unixTime).prefix(10).split(separator: "-").compactMap { Int($0) }
        guard parts.count == 3, (1...12).contains(parts[1]) else { return "–" }
        return "\(parts[2]) \(months[parts[1] - 1]) \(parts[0])"
    }

    /// `09:41:07`.
    static func timeOfDay(_ unixTime: Int64) -> String { String(timestamp(unixTime).dropFirst(11).prefix(8)) }

    static func size(_ bytes: UInt64) -> String {
        let units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
        var value = Double(bytes)
        var unit = 0
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return "\(value < 9.95 && unit > 0 ? tenths(value) : grouped(whole(value))) \(units[unit])"
    }

    /// A refusal's reason in words: `token_expired` is `Token expired`.
    static func reason(_ word: String) -> String {
        let text = word.replacing("_", with: " ")
        return text.prefix(1).uppercased() + text.dropFirst()
    }

    /// A line through the values, drawn by attributes only; nothing for fewer than two values.
    static func line(_ values: [Double], filled: Bool, isBad: Bool = false) -> HTML {
        guard values.count > 1 else { return .empty }
        let highest = max(values.max() ?? 0, .leastNonzeroMagnitude)
        let points = values.enumerated().map { index, value in
            let x = Double(index) * 100 / Double(values.count - 1)
            return "\(tenths(x)),\(tenths(22 - 20 * max(0, value) / highest))"
        }.joined(separator: " ")
        let area: HTML = filled ? "<polygon class=\"area\" points=\"0,24 \(points) 100,24\"/>" : .empty
        return """
            <svg class="spark\(isBad ? " bad" : "")" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">\
            \(area)<polyline points="\(points)"/></svg>
            """
    }

    /// One decimal, left out where it is 0.
    static func tenths(_ value: Double) -> String {
        let scaled = whole(value * 10)
        return scaled % 10 == 0 ? grouped(scaled / 10) : "\(grouped(scaled / 10)).\(scaled % 10)"
    }

    /// The nearest whole number, kept within what can be shown.
    private static func whole(_ value: Double) -> UInt64 {
        value.isNaN ? 0 : UInt64(max(0, min(value, 1e18)).rounded())
    }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
}

extension Int64 {
    fileprivate func multipliedClamping(by factor: Int64) -> Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? (self < 0 ? .min : .max) : product
    }
}
