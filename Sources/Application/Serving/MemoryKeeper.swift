import Transport

/// Decides when to give memory back to the system: after many connections have gone, and after a reload.
struct MemoryKeeper {
    /// The most connections since memory was last given back.
    private var peak = 0
    /// When to give back what an earlier configuration held.
    private var dueAt: Int64?

    /// Fewer connections leave nothing worth the trouble.
    private static let manyConnections = 128
    /// Seconds after a reload: the loops let go of what they no longer need within one.
    private static let reloadDelay: Int64 = 2

    mutating func configurationWasReplaced(now: Int64) {
        dueAt = now + Self.reloadDelay
    }

    /// To be called about once a second.
    mutating func look(openConnections open: Int, now: Int64) {
        peak = max(peak, open)
        let haveManyGone = peak >= Self.manyConnections && open < peak / 2
        guard haveManyGone || dueAt.map({ now >= $0 }) == true else { return }
        peak = open
        dueAt = nil
        ProcessMemory.giveBack()
    }
}
