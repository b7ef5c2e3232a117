/// Durations as the file writes them: `250ms`, `30s`, `10m`, `24h`, `30d`.
package enum DurationText {
    /// What may be written, for messages.
    package static let words = "a duration such as \"250ms\", \"30s\", \"10m\", \"24h\" or \"30d\""
    static let pattern = "^[0-9]+(ms|s|m|h|d)$"

    /// The duration that a text stands for; nil where it is none, or longer than a hundred years.
    package static func parse(_ text: String) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty, let count = Int64(digits), let unit = units[String(text.dropFirst(digits.count))] else {
            return nil
        }
        let (milliseconds, isTooLong) = count.multipliedReportingOverflow(by: unit)
        guard !isTooLong, milliseconds <= maximum else { return nil }
        return .milliseconds(milliseconds)
    }

    private static let units: [String: Int64] = [
        "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000,
    ]
    /// A hundred years: in nanoseconds it still fits 64 bits.
    private static let maximum: Int64 = 36_525 * 86_400_000
}

extension Kind where Value == Duration {
    /// A duration; zero is refused unless it means something.
    static func duration(allowsZero: Bool = false, minimum: Duration? = nil, maximum: Duration? = nil) -> Kind {
        .text(DurationText.words, label: "duration", pattern: DurationText.pattern) { (text, _) throws(ValueFault) in
            guard let duration = DurationText.parse(text) else { throw ValueFault("not a duration") }
            guard allowsZero || duration > .zero else { throw ValueFault("a duration of zero") }
            if let minimum, duration < minimum { throw ValueFault("a duration under \(minimum)") }
            if let maximum, duration > maximum { throw ValueFault("a duration over \(maximum)") }
            return duration
        }
    }
}

extension Duration {
    /// This duration in whole nanoseconds; a duration that was read from a configuration always fits.
    package var wholeNanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        return UInt64(clamping: seconds).multipliedReportingOverflow(by: 1_000_000_000).partialValue
            &+ UInt64(clamping: attoseconds / 1_000_000_000)
    }

    /// This duration in whole seconds, rounded down.
    package var wholeSeconds: Int64 { components.seconds }
}
