/// Chooses the server of a request.
struct Balancer {
    private let balance: UpstreamConfiguration.Balance
    private var next = 0

    init(_ balance: UpstreamConfiguration.Balance) {
        self.balance = balance
    }

    /// The place of the chosen server; nil when none is available that was not tried.
    mutating func choose(from servers: [ServerPool], at now: UInt64, tried: TriedServers) -> Int? {
        let count = servers.count
        var chosen: Int?
        var index = next
        for _ in 0..<count {
            if index >= count { index = 0 }
            let server = servers[index]
            if !tried.contains(index), server.health.isAvailable(at: now) {
                if balance == .roundRobin {
                    chosen = index
                    break
                }
                if chosen.map({ server.activeCount < servers[$0].activeCount }) ?? true { chosen = index }
            }
            index += 1
        }
        if let chosen { next = chosen + 1 }
        return chosen
    }
}

/// The servers that a request could not reach.
///
/// Exact for 64 servers; with more, some others count as tried too, which costs at most a chance.
struct TriedServers {
    private var bits: UInt64 = 0

    var isEmpty: Bool { bits == 0 }

    func contains(_ index: Int) -> Bool { bits & 1 << UInt64(index & 63) != 0 }
    mutating func insert(_ index: Int) { bits |= 1 << UInt64(index & 63) }
}
