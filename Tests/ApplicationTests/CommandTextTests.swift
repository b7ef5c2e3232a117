import Testing

@testable import Application

@Suite struct CommandTextTests {
    @Test(
        arguments: [
            (0, "now"), (1, "in 1 s"), (119, "in 119 s"), (120, "in 2 min"), (-180, "3 min ago"), (7200, "in 2 h"),
            (172_800, "in 2 d"),
        ] as [(Int64, String)]
    )
    func `times are told in the unit that fits`(distance: Int64, text: String) {
        let now: Int64 = 1_800_000_000
        #expect(TimeText.relative(now + distance, now: now) == text)
    }

    @Test func `any number in a token is a time`() {
        #expect(TimeText.absolute(.max, now: 0).hasPrefix("9999-12-31T23:59:59Z"))
        #expect(TimeText.absolute(.min, now: 0) == "1970-01-01T00:00:00Z (now)")
        #expect(TimeText.duration(12_345) == "12 us" && TimeText.duration(1_250_000) == "1.2 ms")
    }

    @Test func `columns are as wide as their widest text, without blanks at the end`() {
        var table = TextTable(["A", "B"])
        table.append(["long", ""])
        table.append(["x", "y"])
        #expect(table.lines == ["A     B", "long", "x     y"])
    }

    @Test func `names that are nearly right are known`() {
        #expect(CommandText.nearest(to: "rotues", among: ["routes", "check"]) == "routes")
        #expect(CommandText.nearest(to: "nonsense", among: ["routes", "check"]) == nil)
        #expect(CommandText.printable("a\u{1B}[2J") == "a\\u{1b}[2J")
        #expect(CommandText.trimmed(" a b\r\n") == "a b")
    }
}
