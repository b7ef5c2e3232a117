import Testing

@testable import Upstream

@Suite struct FrameAllowanceTests {
    /// How many frames in a row are allowed.
    private func count(_ allowance: inout FrameAllowance, at now: UInt64) -> Int {
        var count = 0
        while allowance.spend(at: now) { count += 1 }
        return count
    }

    @Test func `a flood ends, and what time has brought is used up by the next`() {
        var allowance = FrameAllowance(now: 0)
        let counts = [0, 1_000_000, 1_000_000_000, .max].map { count(&allowance, at: $0) }
        #expect(counts == [4000, 0, 499, 4000])
    }

    @Test func `who answers what was sent is never stopped`() {
        var allowance = FrameAllowance(now: 0)
        var refused = 0
        for sent in 1...10_000 {
            allowance.earn(for: UInt64(sent))
            for _ in 0..<4 where !allowance.spend(at: 0) { refused += 1 }
        }
        #expect(refused == 0)
    }
}
