import Locking
import Synchronization
import Transport

/// How many connections the process has, in all and from each address.
///
/// It is asked once when a connection opens and once when it closes, never by a request.
package final class ConnectionCensus: Sendable {
    private struct Counts {
        var total = 0
        var byAddress: [[UInt8]: Int] = [:]
        var limit: Int
        var limitPerAddress: Int?
    }

    private let counts: Locked<Counts>
    private let refusedCount = Atomic<Int>(0)

    /// - Parameters:
    ///   - limit: The most connections of the process.
    ///   - limitPerAddress: The most of one client address; nil: any number.
    package init(limit: Int, limitPerAddress: Int? = nil) {
        counts = Locked(Counts(limit: limit, limitPerAddress: limitPerAddress))
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

    func admit(_ peer: PeerAddress) -> Bool {
        let isAdmitted = counts.withLock { counts in
            guard counts.total < counts.limit else { return false }
            if !peer.bytes.isEmpty {
                let mine = counts.byAddress[peer.bytes, default: 0]
                if let limit = counts.limitPerAddress, mine >= limit { return false }
                counts.byAddress[peer.bytes] = mine + 1
            }
            counts.total += 1
            return true
        }
        if !isAdmitted { refusedCount.add(1, ordering: .relaxed) }
        return isAdmitted
    }

    func dismiss(_ peer: PeerAddress) {
        counts.withLock { counts in
            counts.total -= 1
            guard !peer.bytes.isEmpty, let mine = counts.byAddress[peer.bytes] else { return }
            counts.byAddress[peer.bytes] = mine > 1 ? mine - 1 : nil
        }
    }
}
