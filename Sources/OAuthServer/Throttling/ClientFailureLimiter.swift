import Locking

/// Slows down who guesses client secrets: failed authentications are counted for each client id.
///
/// Client ids are no secret, so anyone could use up a client's failures and keep it out. An address from which the client
/// has authenticated within a day has a bucket of its own. One limiter serves a process, across reloads.
package final class ClientFailureLimiter: Sendable {
    private struct State {
        var buckets: FailureBuckets
        var knownPairs: TimeTable
    }

    private let state: Locked<State>

    /// - Parameter perClient: failures for one client; nil: any number.
    package init(perClient: FailureRate?, capacity: Int = 16_384) {
        state = Locked(
            State(
                buckets: FailureBuckets(rate: perClient, capacity: capacity),
                knownPairs: TimeTable(capacity: capacity)
            )
        )
    }

    /// Counts by another rate from now on; what failed so far stays.
    package func use(perClient: FailureRate?) {
        state.withLock { $0.buckets.rate = perClient }
    }

    /// How many seconds to wait before a secret is looked at; 0: it may be now.
    ///
    /// The time is in seconds since 1970.
    package func wait(client: String, address: String, at unixTime: Int64) -> Int64 {
        let now = unixTime * 1_000_000
        let (own, pair) = Self.keys(client, address)
        return state.withLock { state in
            let key = state.knownPairs.time(of: pair, after: now) == nil ? own : pair
            return FailureBuckets.seconds(state.buckets.wait(key, at: now))
        }
    }

    /// Notes that a client failed to authenticate.
    package func noteFailure(client: String, address: String, at unixTime: Int64) {
        let now = unixTime * 1_000_000
        let (own, pair) = Self.keys(client, address)
        state.withLock { state in
            let key = state.knownPairs.time(of: pair, after: now) == nil ? own : pair
            state.buckets.add(key, at: now)
        }
    }

    /// Notes that a client authenticated.
    package func noteSuccess(client: String, address: String, at unixTime: Int64) {
        let now = unixTime * 1_000_000
        let pair = Self.keys(client, address).pair
        state.withLock { state in
            // Once a minute is often enough.
            let known = state.knownPairs.time(of: pair, after: now + Self.remembered - 60_000_000)
            if known == nil { state.knownPairs.setTime(of: pair, to: now + Self.remembered) }
        }
    }

    private static func keys(_ client: String, _ address: String) -> (own: UInt64, pair: UInt64) {
        (
            FailureBuckets.key("client", client),
            FailureBuckets.key("client at", client, AddressPrefix.of(address))
        )
    }

    // Microseconds; a day.
    private static let remembered: Int64 = 86_400_000_000
}
