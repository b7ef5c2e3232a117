/// What the requests of one loop have learned about a server.
///
/// After some failures in a row the server is left out for a time that doubles; then one request tries it, and its
/// outcome decides for all.
struct ServerHealth {
    private let policy: HealthPolicy
    private var failures = 0
    private var pauses: UInt64 = 0
    private var pausedUntil: UInt64 = 0
    private var isProbing = false

    init(_ policy: HealthPolicy) {
        self.policy = policy
    }

    /// Whether the server is left out or on trial.
    var isDown: Bool { pausedUntil != 0 }

    /// Whether a request may go to the server now.
    func isAvailable(at now: UInt64) -> Bool {
        pausedUntil == 0 || now >= pausedUntil && !isProbing
    }

    /// Nanoseconds until a request may go to the server, as far as can be told.
    func wait(from now: UInt64) -> UInt64 {
        now < pausedUntil ? pausedUntil - now : 0
    }

    /// A request was given to the server; returns whether it is the one that tries it out.
    mutating func begin() -> Bool {
        guard pausedUntil != 0, !isProbing else { return false }
        isProbing = true
        return true
    }

    mutating func succeed() {
        failures = 0
        pauses = 0
        pausedUntil = 0
        isProbing = false
    }

    /// The request that tried the server out ended without telling anything about it.
    mutating func abandonProbe() {
        isProbing = false
    }

    /// Counts a failure.
    ///
    /// - Parameters:
    ///   - isQuick: It took no time to find out, so trying again soon costs little.
    ///   - jitter: A random number, which spreads the return of many loops and gateways.
    mutating func fail(at now: UInt64, isQuick: Bool, jitter: UInt64) {
        failures += 1
        isProbing = false
        // Requests that were under way when the server was paused must not prolong the pause.
        guard failures >= policy.failureThreshold, now >= pausedUntil else { return }
        let doubled = policy.firstPause << min(pauses, 16)
        let pause = max(min(doubled, isQuick ? policy.longestQuickPause : policy.longestPause), 1)
        pauses += 1
        pausedUntil = now + pause + jitter % (pause / 4 + 1)
    }
}
