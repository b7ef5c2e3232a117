/// Told when a timer's deadline has passed.
package protocol LoopTimerHandler: AnyObject {
    func timerFired(_ timer: LoopTimer)
}

/// A deadline on an event loop.
///
/// Confined to its event loop.
///
/// Made for time-outs that are nearly always moved before they fire: arming again for a later time is a store, and the
/// resolution is coarse (`TimerWheel.tick`). It never fires early.
package final class LoopTimer {
    /// Nanoseconds on the monotonic clock; `.max` while not armed.
    package internal(set) var deadline: UInt64 = .max
    /// The owner holds the timer, so it must outlive it or disarm it.
    unowned(unsafe) var handler: any LoopTimerHandler

    var next: LoopTimer?
    unowned(unsafe) var previous: LoopTimer?
    /// The tick of the slot it stands in, or nil.
    var slotTick: UInt64?
    /// Taken from the wheel in this batch and not told yet; disarming takes it back.
    var isDue = false

    package init(_ handler: any LoopTimerHandler) {
        self.handler = handler
    }

    package var isArmed: Bool { deadline != .max }
}

@available(*, unavailable)
extension LoopTimer: Sendable {}
