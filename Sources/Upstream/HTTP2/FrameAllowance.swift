/// How many frames that carry no response a server may send, so that it cannot keep the loop busy with them.
///
/// An honest server sends them by and by, or for what we sent: windows, heads. What we send because it asks for that, such
/// as the answer to a PING, earns it nothing, or it could go on for ever.
struct FrameAllowance {
    private var left = Self.most
    /// The frames of ours that were counted.
    private var counted: UInt64 = 0
    private var refilledAt: UInt64

    private static let most = 4000
    /// Nanoseconds after which one more is allowed: 500 a second.
    private static let interval: UInt64 = 2_000_000
    private static let perFrameSent = 4

    init(now: UInt64) {
        refilledAt = now
    }

    /// We have sent this many HEADERS and DATA frames so far.
    mutating func earn(for sent: UInt64) {
        let fresh = Int(clamping: min(sent &- counted, UInt64(Self.most)))
        counted = sent
        left = min(left + fresh * Self.perFrameSent, Self.most)
    }

    /// The server has sent a frame; false if that was one too many.
    mutating func spend(at now: UInt64) -> Bool {
        if left == 0 { refill(now) }
        guard left > 0 else { return false }
        left -= 1
        return true
    }

    private mutating func refill(_ now: UInt64) {
        let count = (now &- refilledAt) / Self.interval
        left = min(Int(clamping: count), Self.most)
        refilledAt = now
    }
}
