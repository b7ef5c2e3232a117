import Testing

@testable import Upstream

@Suite struct ServerHealthTests {
    private let second: UInt64 = 1_000_000_000

    private func failing(_ count: Int, at now: UInt64) -> ServerHealth {
        var health = ServerHealth(HealthPolicy())
        for _ in 0..<count { health.fail(at: now, isQuick: false, jitter: 0) }
        return health
    }

    @Test func `a server is left out after failures in a row`() {
        #expect(failing(2, at: second).isAvailable(at: second))
        #expect(!failing(3, at: second).isAvailable(at: second))
        #expect(failing(3, at: second).wait(from: second) == second)
    }

    @Test func `a success between failures keeps the server`() {
        var health = failing(2, at: second)
        health.succeed()
        health.fail(at: second, isQuick: false, jitter: 0)
        #expect(health.isAvailable(at: second))
    }

    @Test func `one request tries a server whose pause is over`() {
        var health = failing(3, at: second)
        let later = 2 * second
        #expect(health.isAvailable(at: later))
        let isProbe = health.begin()
        #expect(isProbe)
        #expect(!health.isAvailable(at: later))
        health.abandonProbe()
        #expect(health.isAvailable(at: later))
    }

    @Test func `a good trial brings the server back`() {
        var health = failing(3, at: second)
        _ = health.begin()
        health.succeed()
        #expect(!health.isDown)
        #expect(health.isAvailable(at: second))
        let isProbe = health.begin()
        #expect(!isProbe)
    }

    @Test func `pauses double up to the longest`() {
        var health = failing(3, at: second)
        var now = second
        var pauses: [UInt64] = []
        for _ in 0..<7 {
            now += health.wait(from: now)
            health.fail(at: now, isQuick: false, jitter: 0)
            pauses.append(health.wait(from: now) / second)
        }
        #expect(pauses == [2, 4, 8, 16, 30, 30, 30])
    }

    @Test func `failures of requests that were under way do not prolong a pause`() {
        var health = failing(3, at: second)
        for _ in 0..<20 { health.fail(at: second + 1, isQuick: false, jitter: 0) }
        #expect(health.wait(from: second) == second)
    }

    @Test func `jitter spreads the end of a pause by a quarter`() {
        var health = failing(2, at: second)
        health.fail(at: second, isQuick: false, jitter: .max)
        let wait = health.wait(from: second)
        #expect(wait >= second && wait <= second + second / 4)
    }
}
