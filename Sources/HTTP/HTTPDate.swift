import Bytes

/// Writes dates as HTTP has them: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
@usableFromInline
package enum HTTPDate {
    /// How many bytes a date has.
    package static let size = 29

    /// Writes the date of a time in seconds since 1970; times outside the years 1970 to 9999 become the nearest in them.
    package static func append(unixTime: Int64, to output: inout ByteBuffer) {
        let time = min(max(unixTime, 0), 253_402_300_799)
        let days = time / 86400
        let second = Int(time % 86400)
        let (year, month, day) = civil(days: days)
        output.reserve(size)
        appendName(weekdays, Int((days + 4) % 7), to: &output)
        output.append(", ")
        appendTwoDigits(day, to: &output)
        output.append(byte: 0x20)
        appendName(months, month - 1, to: &output)
        output.append(byte: 0x20)
        appendTwoDigits(year / 100, to: &output)
        appendTwoDigits(year % 100, to: &output)
        output.append(byte: 0x20)
        appendTwoDigits(second / 3600, to: &output)
        output.append(byte: UInt8(ascii: ":"))
        appendTwoDigits(second / 60 % 60, to: &output)
        output.append(byte: UInt8(ascii: ":"))
        appendTwoDigits(second % 60, to: &output)
        output.append(" GMT")
    }

    /// The Gregorian date of a day that is counted from 1970-01-01.
    ///
    /// Years are taken to begin in March, so that the leap day is the last one, in eras of 400 years.
    private static func civil(days: Int64) -> (year: Int, month: Int, day: Int) {
        let shifted = Int(days) + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func appendTwoDigits(_ value: Int, to output: inout ByteBuffer) {
        output.append(byte: UInt8(0x30 + value / 10 % 10))
        output.append(byte: UInt8(0x30 + value % 10))
    }

    private static func appendName(_ names: StaticString, _ index: Int, to output: inout ByteBuffer) {
        names.withUTF8Buffer { output.append(UnsafeRawBufferPointer($0).slice((index * 3)..<(index * 3 + 3))) }
    }

    private static let weekdays: StaticString = "SunMonTueWedThuFriSat"
    private static let months: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"
}
