import Synchronization

/// The event loops of the process, as many as there are workers.
package final class EventLoopGroup: Sendable {
    package let loops: [EventLoop]

    /// Makes `count` loops, which begin at once.
    ///
    /// - Throws: `TransportError.systemCall` when the process is out of descriptors.
    package init(count: Int) throws(TransportError) {
        var loops: [EventLoop] = []
        for index in 0..<max(1, count) { loops.append(try EventLoop(index: index)) }
        self.loops = loops
    }

    /// Runs the work once on each loop, and `completion` on the last loop that has done it.
    package func executeOnEach(
        _ work: @escaping @Sendable (EventLoop) -> Void,
        completion: @escaping @Sendable () -> Void = {}
    ) {
        let left = Remaining(loops.count)
        for loop in loops {
            loop.execute {
                work(loop)
                if left.finishOne() { completion() }
            }
        }
    }

    package func shutdown() {
        for loop in loops { loop.shutdown() }
    }
}

private final class Remaining: Sendable {
    private let count: Atomic<Int>

    init(_ count: Int) {
        self.count = Atomic(count)
    }

    func finishOne() -> Bool {
        count.subtract(1, ordering: .acquiringAndReleasing).newValue == 0
    }
}
