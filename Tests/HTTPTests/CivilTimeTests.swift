import HTTP
import Testing

@Suite struct CivilTimeTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"), (1_709_251_199, "2024-02-29T23:59:59Z"),
        (1_709_251_200, "2024-03-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"), (4_102_444_800, "2100-01-01T00:00:00Z"),
        (1_735_689_599, "2024-12-31T23:59:59Z"), (-2_203_891_200, "1900-03-01T00:00:00Z"),
    ])
    func `seconds become a date`(unixTime: Int64, expected: String) {
        #expect(CivilTime(unixTime: unixTime).iso8601 == expected)
    }

    @Test func `a date is written in words`() {
        #expect(CivilTime(unixTime: 1_763_977_267).date == "24 November 2025")
        #expect(CivilTime(unixTime: 1_763_977_267).words == "24 November 2025, 09:41:07 UTC")
    }
}
