/// Decides when to give free memory back to the system: after much was taken, after many connections have gone, and after a
/// reload.
///
/// Confined to the control queue. What connections and attempts to connect have freed lies between blocks that are in use,
/// and the allocator keeps it.
struct MemoryKeeper {
    /// The most connections since memory was last given back.
    private var peak = 0
    /// The least that was resident since memory was last given back, in bytes.
    private var floor = Int.max
    /// What was resident at the last look, in bytes.
    private var last = 0
    /// When to give back what an earlier configuration held.
    private var dueAt: Int64?

    /// Fewer connections leave nothing worth the trouble.
    private static let manyConnections = 128
    /// Less growth is not worth the trouble, in bytes.
    private static let muchGrowth = 4 << 20
    /// Memory is at rest while it changes by no more than this between two looks, in bytes.
    private static let movement = 256 << 10
    /// Seconds after a reload: the loops let go of what they no longer need within one.
    private static let reloadDelay: Int64 = 2

    mutating func configurationWasReplaced(now: Int64) {
        dueAt = now + Self.reloadDelay
    }

    /// Whether now is the time; to be asked about once a second.
    ///
    /// - Parameters:
    ///   - open: How many connections clients have.
    ///   - resident: The bytes that the process has in memory.
    mutating func shouldGiveBack(openConnections open: Int, resident: Int, now: Int64) -> Bool {
        let isAtRest = abs(resident - last) <= Self.movement
        last = resident
        floor = min(floor, resident)
        peak = max(peak, open)
        let hasGrown = isAtRest && resident - floor >= Self.muchGrowth
        let haveManyGone = peak >= Self.manyConnections && open < peak / 2
        guard hasGrown || haveManyGone || dueAt.map({ now >= $0 }) == true else { return false }
        peak = open
        floor = resident
        dueAt = nil
        return true
    }
}
