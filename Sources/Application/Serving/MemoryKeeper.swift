/// Decides when to give free memory back to the system: once a peak is over, and after a reload.
///
/// Confined to the control queue. What connections, requests or attempts to connect have freed lies between blocks that
/// are in use, and the allocator keeps it.
struct MemoryKeeper {
    /// The least that was free in the heap since memory was last given back: what traffic frees and takes again all the
    /// time, and what the system has back already.
    ///
    /// Bytes.
    private var floor = Int.max
    /// What was free at the last look.
    ///
    /// Bytes.
    private var last = 0
    /// When to give back what an earlier configuration held.
    private var dueAt: Int64?

    /// Less is not worth the trouble.
    ///
    /// Bytes.
    private static let worthwhile = 2 << 20
    /// Memory is at rest while no more than this is taken or freed between two looks.
    ///
    /// Bytes.
    private static let movement = 256 << 10
    /// Seconds after a reload: the loops let go of what they no longer need within one.
    private static let reloadDelay: Int64 = 2

    mutating func configurationWasReplaced(now: Int64) {
        dueAt = now + Self.reloadDelay
    }

    /// Whether now is the time; to be asked about once a second.
    ///
    /// - Parameter free: How many bytes of the heap are free.
    mutating func shouldGiveBack(free: Int, now: Int64) -> Bool {
        let isAtRest = abs(free - last) <= Self.movement
        last = free
        floor = min(floor, free)
        let isPeakOver = isAtRest && free - floor >= Self.worthwhile
        guard isPeakOver || dueAt.map({ now >= $0 }) == true else { return false }
        dueAt = nil
        floor = free
        return true
    }
}
