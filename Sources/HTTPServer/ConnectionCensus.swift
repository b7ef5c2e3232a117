import Locking
import Synchronization
import Transport

/// How many connections the process has: in all, from each address and on each loop.
///
/// It is asked once when a connection opens and once when it closes, never by a request.
package final class ConnectionCensus: Sendable {
    private struct Counts {
        var total = 0
        var byAddress: [[UInt8]: Int] = [:]
        var byLoop: [Int]
        var limit: Int
        var limitPerAddress: Int?

        /// The loop with the fewest; a difference of one is not worth a hop.
        func place(acceptedOn loop: Int) -> Int {
            guard byLoop.indices.contains(loop),
                let fewest = byLoop.indices.min(by: { byLoop[$0] < byLoop[$1] }),
                byLoop[loop] > byLoop[fewest] + 1
            else { return loop }
            return fewest
        }
    }

    private let counts: Locked<Counts>
    private let refusedCount = Atomic<Int>(0)

    /// - Parameters:
    ///   - limit: The most connections of the process.
    ///   - limitPerAddress: The most of one client address; nil: any number.
    ///   - loops: How many event loops share it.
    package init(limit: Int, limitPerAddress: Int? = nil, loops: Int = 1) {
        counts = Locked(
            Counts(byLoop: Array(repeating: 0, count: loops), limit: limit, limitPerAddress: limitPerAddress)
        )
    }

    /// Changes the limits; connections that are open stay.
    package func setLimits(_ limit: Int, perAddress: Int?) {
        counts.withLock { counts in
            counts.limit = limit
            counts.limitPerAddress = perAddress
        }
    }

    package var openCount: Int { counts.withLock { $0.total } }

    /// Connections that were closed at once because there were too many.
    package var refused: Int { refusedCount.load(ordering: .relaxed) }

    /// Counts a connection in that `loop` has accepted.
    ///
    /// - Returns: The loop that is to have it; nil where there are as many as there may be.
    func admit(_ peer: PeerAddress, on loop: Int, mayMove: Bool) -> Int? {
        let place: Int? = counts.withLock { counts in
            guard counts.total < counts.limit else { return nil }
            if !peer.bytes.isEmpty {
                let mine = counts.byAddress[peer.bytes, default: 0]
                if let limit = counts.limitPerAddress, mine >= limit { return nil }
                counts.byAddress[peer.bytes] = mine + 1
            }
            counts.total += 1
            let place = mayMove ? counts.place(acceptedOn: loop) : loop
            if counts.byLoop.indices.contains(place) { counts.byLoop[place] += 1 }
            return place
        }
        if place == nil { refusedCount.add(1, ordering: .relaxed) }
        return place
    }

    func dismiss(_ peer: PeerAddress, on loop: Int) {
        counts.withLock { counts in
            counts.total -= 1
            if counts.byLoop.indices.contains(loop) { counts.byLoop[loop] -= 1 }
            guard !peer.bytes.isEmpty, let mine = counts.byAddress[peer.bytes] else { return }
            counts.byAddress[peer.bytes] = mine > 1 ? mine - 1 : nil
        }
    }
}
