import Testing

@testable import Application

@Suite struct MemoryKeeperTests {
    private static let mebibyte = 1 << 20

    /// The seconds at which memory is given back, when this much is free at each, in MiB.
    private func times(_ free: [Int], reloadAt: Int? = nil) -> [Int] {
        var keeper = MemoryKeeper()
        return free.indices.filter { second in
            if second == reloadAt { keeper.configurationWasReplaced(now: Int64(second)) }
            return keeper.shouldGiveBack(free: free[second] * Self.mebibyte, now: Int64(second))
        }
    }

    @Test func `what a peak has left is given back once, when it is over`() {
        #expect(times([3, 3, 9, 12, 12, 12, 12, 12]) == [4])
    }

    @Test func `what was free from the beginning is left`() {
        #expect(times([6, 6, 6, 6, 7, 7, 7]).isEmpty)
    }

    @Test func `nothing is given back while memory is taken and freed`() {
        #expect(times([0, 8, 2, 8, 4, 8, 1, 8, 3]).isEmpty)
    }

    @Test func `a second peak counts from what was free in between`() {
        #expect(times([1, 9, 9, 9, 2, 2, 9, 9, 9]) == [2, 7])
    }

    @Test func `memory is given back two seconds after a reload`() {
        #expect(times([1, 1, 1, 1, 1, 1], reloadAt: 2) == [4])
    }
}
