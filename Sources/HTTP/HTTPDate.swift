import Bytes

/// Writes dates as HTTP has them: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
@usableFromInline
package enum HTTPDate {
    /// How many bytes a date has.
    package static let size = 29

    /// Writes the date of a time in seconds since 1970; times outside the years 1970 to 9999 become the nearest in them.
    package static func append(unixTime: Int64, to output: inout ByteBuffer) {
        let seconds = min(max(unixTime, 0), 253_402_300_799)
        let time = CivilTime(unixTime: seconds)
        output.reserve(size)
        appendName(weekdays, Int((seconds / 86400 + 4) % 7), to: &output)
        output.append(", ")
        appendTwoDigits(time.day, to: &output)
        output.append(byte: 0x20)
        appendName(months, time.month - 1, to: &output)
        output.append(byte: 0x20)
        appendTwoDigits(Int(time.year / 100), to: &output)
        appendTwoDigits(Int(time.year % 100), to: &output)
        output.append(byte: 0x20)
        appendTwoDigits(time.hour, to: &output)
        output.append(byte: UInt8(ascii: ":"))
        appendTwoDigits(time.minute, to: &output)
        output.append(byte: UInt8(ascii: ":"))
        appendTwoDigits(time.second, to: &output)
        output.append(" GMT")
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
