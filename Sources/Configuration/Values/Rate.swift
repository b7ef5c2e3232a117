/// How often something may happen: `COUNT/DURATION`, such as `5/15m`.
package struct Rate: Sendable, Equatable {
    package let count: Int
    package let period: Duration

    package init(count: Int, period: Duration) {
        self.count = count
        self.period = period
    }

    init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].allSatisfy({ $0.isASCII && $0.isNumber }),
            let count = Int(parts[0]), count > 0, count <= 1_000_000_000,
            let period = DurationText.parse(String(parts[1])), period > .zero
        else { return nil }
        self.count = count
        self.period = period
    }
}

extension Kind where Value == Rate {
    static var rate: Kind {
        .text("a rate such as \"5/15m\"", label: "rate", pattern: "^[0-9]+/[0-9]+(ms|s|m|h|d)$") {
            (text, _) throws(ValueFault) in
            guard let rate = Rate(text) else { throw ValueFault("not a rate") }
            return rate
        }
    }
}
