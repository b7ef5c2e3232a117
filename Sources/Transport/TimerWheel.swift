/// A hashed wheel of timers: arming, moving and disarming cost the same however many there are.
///
/// How it works: a timer stands in the slot of the tick after its deadline. A timer whose deadline moved later stays
/// where it is and is put into its new slot only when the old one comes round, which is why moving it costs a store.
struct TimerWheel: ~Copyable {
    /// Nanoseconds a slot stands for (16.8 ms).
    static let tick: UInt64 = 1 << 24
    private static let slotCount: UInt64 = 4096

    private var slots: [LoopTimer?]
    /// All slots before this tick have been visited.
    private var currentTick: UInt64
    private var count = 0

    init(now: UInt64) {
        slots = Array(repeating: nil, count: Int(Self.slotCount))
        currentTick = now / Self.tick
    }

    deinit {
        for var head in slots {
            // One by one, so that a long list is not released by recursion.
            while let timer = head {
                head = timer.next
                timer.next = nil
            }
        }
    }

    mutating func arm(_ timer: LoopTimer, at deadline: UInt64) {
        timer.deadline = deadline
        timer.isDue = false
        let wanted = max(deadline / Self.tick + 1, currentTick)
        if let stands = timer.slotTick {
            if stands <= wanted { return }
            unlink(timer)
        }
        link(timer, tick: min(wanted, currentTick + Self.slotCount - 1))
    }

    mutating func disarm(_ timer: LoopTimer) {
        timer.deadline = .max
        timer.isDue = false
        if timer.slotTick != nil { unlink(timer) }
    }

    /// Visits the slots that have come round and returns the timers that are due; their deadline is `.max` then.
    mutating func advance(to now: UInt64) -> [LoopTimer] {
        let target = now / Self.tick
        guard target >= currentTick else { return [] }
        if count == 0 {
            currentTick = target + 1
            return []
        }
        var due: [LoopTimer] = []
        let last = min(target, currentTick + Self.slotCount - 1)
        while currentTick <= last {
            visit(Int(currentTick % Self.slotCount), now: now, due: &due)
            currentTick += 1
        }
        currentTick = target + 1
        return due
    }

    /// Nanoseconds on the clock at which the next occupied slot comes round; nil when there is none.
    func nextVisit() -> UInt64? {
        guard count > 0 else { return nil }
        var tick = currentTick
        while tick < currentTick + Self.slotCount {
            if slots[Int(tick % Self.slotCount)] != nil { return tick * Self.tick }
            tick += 1
        }
        return nil
    }

    private mutating func visit(_ slot: Int, now: UInt64, due: inout [LoopTimer]) {
        var head = slots[slot]
        slots[slot] = nil
        while let timer = head {
            head = timer.next
            timer.next = nil
            timer.previous = nil
            timer.slotTick = nil
            count -= 1
            if timer.deadline <= now {
                timer.deadline = .max
                timer.isDue = true
                due.append(timer)
            } else if timer.deadline != .max {
                let wanted = max(timer.deadline / Self.tick + 1, currentTick + 1)
                link(timer, tick: min(wanted, currentTick + Self.slotCount - 1))
            }
        }
    }

    private mutating func link(_ timer: LoopTimer, tick: UInt64) {
        let slot = Int(tick % Self.slotCount)
        timer.slotTick = tick
        timer.next = slots[slot]
        timer.previous = nil
        timer.next?.previous = timer
        slots[slot] = timer
        count += 1
    }

    private mutating func unlink(_ timer: LoopTimer) {
        guard let tick = timer.slotTick else { return }
        if let previous = timer.previous {
            previous.next = timer.next
        } else {
            slots[Int(tick % Self.slotCount)] = timer.next
        }
        timer.next?.previous = timer.previous
        timer.next = nil
        timer.previous = nil
        timer.slotTick = nil
        count -= 1
    }
}
