import Testing

@testable import HTTPServer

@Suite struct ReaderWatchTests {
    private static let second: UInt64 = 1_000_000_000
    private var watch = ReaderWatch()

    private mutating func isStalled(_ second: UInt64, isWaiting: Bool = true, sent: UInt64 = 0) -> Bool {
        watch.isStalled(
            isWaiting: isWaiting,
            sentBytes: sent,
            now: second * Self.second,
            timeout: 2 * Self.second
        )
    }

    @Test mutating func `bytes that wait for the whole time are not taken`() {
        let results = [isStalled(10), isStalled(11), isStalled(12), isStalled(13)]
        #expect(results == [false, false, true, true])
    }

    @Test mutating func `the time in which nothing waited does not count`() {
        let results = [
            isStalled(10, isWaiting: false), isStalled(19), isStalled(20), isStalled(20, isWaiting: false),
            isStalled(29), isStalled(30), isStalled(31),
        ]
        #expect(results == [false, false, false, false, false, false, true])
    }

    @Test mutating func `each byte that is taken begins the time anew`() {
        let results = [isStalled(10, sent: 5), isStalled(11, sent: 6), isStalled(12, sent: 6), isStalled(13, sent: 6)]
        #expect(results == [false, false, false, true])
    }
}
