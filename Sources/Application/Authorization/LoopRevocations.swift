import JWT
import Locking
import OAuthServer

/// Makes a revocation count on every event loop of this process before whoever asked for it is answered.
///
/// Revocations that come while others are being applied wait and go together, so that many at once cost the loops little.
final class LoopRevocations: RevocationSink {
    /// Revocations that the loops don't have yet, and who waits for them.
    struct Batch {
        fileprivate(set) var revocations: [Revocation] = []
        fileprivate var callers: [CheckedContinuation<Void, Never>] = []

        /// Lets everybody go who waits.
        func finish() {
            for caller in callers { caller.resume() }
        }
    }

    private let state = Locked((waiting: Batch(), wake: (@Sendable () -> Void)?.none))

    /// Says what to call when there is a batch to take; without it there is no loop yet that could accept a token.
    func onWaiting(_ wake: @escaping @Sendable () -> Void) {
        state.withLock { $0.wake = wake }
    }

    /// What waits; nothing waits any more then.
    func take() -> Batch {
        state.withLock { state in
            defer { state.waiting = Batch() }
            return state.waiting
        }
    }

    func apply(_ revocations: [Revocation]) async {
        guard !revocations.isEmpty else { return }
        await withCheckedContinuation { continuation in
            let wake = state.withLock { state -> (@Sendable () -> Void)? in
                guard let wake = state.wake else { return { continuation.resume() } }
                state.waiting.revocations += revocations
                state.waiting.callers.append(continuation)
                return state.waiting.callers.count == 1 ? wake : nil
            }
            wake?()
        }
    }
}
