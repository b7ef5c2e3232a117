import Testing

@testable import Admin

@Suite
struct StatusFormatTests {
    @Test(
        arguments: [
            (371_400, 300, "1,238"), (1350, 300, "4.5"), (300, 300, "1"), (60, 300, "0.2"), (1, 300, "<0.1"),
            (0, 300, "0"), (5, 0, "5"), (.max, 1, "1,000,000,000,000,000,000"),
        ] as [(UInt64, Int64, String)]
    )
    func `rates have as many digits as they deserve`(count: UInt64, seconds: Int64, text: String) {
        #expect(StatusFormat.rate(count, seconds: seconds) == text)
    }

    @Test(
        arguments: [
            (1_036_800, "12 days"), (86_400, "1 day"), (7300, "2 hours"), (840, "14 minutes"), (1, "1 second"),
            (0, "0 seconds"), (-5, "0 seconds"),
        ] as [(Int64, String)]
    )
    func `durations name their largest unit`(seconds: Int64, text: String) {
        #expect(StatusFormat.duration(seconds) == text)
    }

    @Test(
        arguments: [
            (400_000, "0.4"), (24_300_000, "24"), (1_900_000_000, "1,900"), (0, "0"), (960_000, "1"),
        ] as [(UInt64, String)]
    )
    func `times are whole milliseconds from one on`(nanoseconds: UInt64, text: String) {
        #expect(StatusFormat.milliseconds(nanoseconds: nanoseconds) == text)
    }

    @Test(
        arguments: [
            (0, "0 bytes"), (1023, "1,023 bytes"), (1536, "1.5 KiB"), (18 << 20, "18 MiB"), (5 << 40, "5 TiB"),
            (9000 << 40, "9,000 TiB"),
        ] as [(UInt64, String)]
    )
    func `sizes are in binary units`(bytes: UInt64, text: String) {
        #expect(StatusFormat.size(bytes) == text)
    }

    @Test(
        arguments: [
            (1_764_720_000, "3 December 2025"), (253_402_300_799, "31 December 9999"), (.max, "31 December 9999"),
            (.min, "1 January 0"),
        ] as [(Int64, String)]
    )
    func `dates are in words`(unixTime: Int64, text: String) {
        #expect(StatusFormat.date(unixTime) == text)
    }

    @Test
    func `a line needs two values and never leaves its box`() {
        #expect(StatusFormat.line([], filled: true).text.isEmpty)
        #expect(StatusFormat.line([1], filled: true).text.isEmpty)
        #expect(StatusFormat.line([0, 0], filled: false).text.contains("points=\"0,22 100,22\""))
        #expect(StatusFormat.line([-4, 1e300], filled: false).text.contains("points=\"0,22 100,2\""))
    }
}
