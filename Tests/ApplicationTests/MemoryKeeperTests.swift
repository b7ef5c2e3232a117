import Testing

@testable import Application

@Suite struct MemoryKeeperTests {
    private static let mebibyte = 1 << 20

    /// The seconds at which memory is given back, when this much is resident at each, in MiB.
    private func times(_ resident: [Int], open: [Int] = [], reloadAt: Int? = nil) -> [Int] {
        var keeper = MemoryKeeper()
        return resident.indices.filter { second in
            if second == reloadAt { keeper.configurationWasReplaced(now: Int64(second)) }
            return keeper.shouldGiveBack(
                openConnections: open.isEmpty ? 0 : open[second],
                resident: resident[second] * Self.mebibyte,
                now: Int64(second)
            )
        }
    }

    @Test func `after growth memory is given back once, when it is at rest`() {
        #expect(times([40, 40, 50, 60, 60, 55, 55, 55]) == [4])
    }

    @Test func `what was there from the beginning is left`() {
        #expect(times([60, 60, 60, 62, 62, 62]).isEmpty)
    }

    @Test func `nothing is given back while memory moves`() {
        #expect(times([40, 48, 42, 50, 44, 52, 41, 50]).isEmpty)
    }

    @Test func `further growth counts from what was left`() {
        #expect(times([40, 60, 60, 45, 45, 48, 48, 50, 50]) == [2, 8])
    }

    @Test func `memory is given back when more than half of many connections have gone`() {
        #expect(times([40, 40, 40, 40], open: [10, 200, 120, 90]) == [3])
        #expect(times([40, 40, 40, 40], open: [10, 100, 40, 10]).isEmpty)
    }

    @Test func `memory is given back two seconds after a reload`() {
        #expect(times([40, 40, 40, 40, 40, 40], reloadAt: 2) == [4])
    }
}
