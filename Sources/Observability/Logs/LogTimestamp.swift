import Bytes

/// Times as RFC 3339 text in UTC with milliseconds, remembering the second it wrote last.
package struct LogTimestamp {
    private var second = Int64.min
    private var prefix: [UInt8] = []

    package init() {}

    /// Appends a time such as `2026-01-31T23:59:59.999Z`, clamped to the years 0 to 9999.
    package mutating func append(unixMilliseconds: Int64, to output: inout ByteBuffer) {
        let clamped = min(max(unixMilliseconds, Self.firstMillisecond), Self.lastMillisecond)
        let (wholeSeconds, rest) = clamped.quotientAndRemainder(dividingBy: 1000)
        let milliseconds = rest < 0 ? rest + 1000 : rest
        let seconds = rest < 0 ? wholeSeconds - 1 : wholeSeconds
        if seconds != second {
            second = seconds
            prefix = Self.date(unixSeconds: seconds)
        }
        output.append(bytes: prefix)
        output.append(byte: UInt8(ascii: "."))
        Self.appendDigits(milliseconds, 3) { output.append(byte: $0) }
        output.append(byte: UInt8(ascii: "Z"))
    }

    private static func date(unixSeconds: Int64) -> [UInt8] {
        let days = unixSeconds >= 0 ? unixSeconds / 86_400 : (unixSeconds - 86_399) / 86_400
        let time = unixSeconds - days * 86_400
        // Days to a date of the Gregorian calendar, with years that begin in March.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)

        var text: [UInt8] = []
        text.reserveCapacity(19)
        let parts: [(Int64, Int, Unicode.Scalar?)] = [
            (year, 4, "-"), (month, 2, "-"), (day, 2, "T"),
            (time / 3600, 2, ":"), (time / 60 % 60, 2, ":"), (time % 60, 2, nil),
        ]
        for (value, digits, separator) in parts {
            appendDigits(value, digits) { text.append($0) }
            if let separator { text.append(UInt8(ascii: separator)) }
        }
        return text
    }

    private static func appendDigits(_ value: Int64, _ count: Int, _ append: (UInt8) -> Void) {
        var divisor: Int64 = 1
        for _ in 1..<count { divisor *= 10 }
        while divisor > 0 {
            append(UInt8(value / divisor % 10) + UInt8(ascii: "0"))
            divisor /= 10
        }
    }

    private static let firstMillisecond: Int64 = -62_167_219_200_000
    private static let lastMillisecond: Int64 = 253_402_300_799_999
}
