import Dispatch
import Locking
import Synchronization

/// What `/readyz` needs to know, readable from any thread.
final class ServerHealth: Sendable {
    private struct State {
        var isAccepting = false
        var isDraining = false
        var storageFault: String?
    }

    private let state = Locked(State())

    var isAccepting: Bool {
        get { state.withLock { $0.isAccepting } }
        set { state.withLock { $0.isAccepting = newValue } }
    }

    var isDraining: Bool { state.withLock { $0.isDraining } }

    /// Why the storage can't be used now; nil while it can.
    var storageFault: String? {
        get { state.withLock { $0.storageFault } }
        set { state.withLock { $0.storageFault = newValue } }
    }

    /// Marks the server as going down; false if it was before.
    func beginDraining() -> Bool {
        state.withLock { state in
            defer { state.isDraining = true }
            return !state.isDraining
        }
    }
}

/// Runs its work the first time it is asked to; used on one queue.
final class Once: @unchecked Sendable {
    // SAFETY: `work` changes on the control queue only.
    private var work: (() -> Void)?

    init(_ work: @escaping () -> Void) {
        self.work = work
    }

    func run() {
        let work = work
        self.work = nil
        work?()
    }
}

/// Tells the last of several that it was the last.
final class Countdown: Sendable {
    private let left: Atomic<Int>

    init(_ count: Int) {
        left = Atomic(count)
    }

    func finishOne() -> Bool {
        left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0
    }
}
