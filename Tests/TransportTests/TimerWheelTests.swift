import Testing

@testable import Transport

private final class Recorder: LoopTimerHandler {
    var fired = 0
    func timerFired(_ timer: LoopTimer) { fired += 1 }
}

@Suite struct TimerWheelTests {
    private static let second: UInt64 = 1_000_000_000

    @Test func `a timer is due after its deadline and never before`() {
        let recorder = Recorder()
        let timer = LoopTimer(recorder)
        var wheel = TimerWheel(now: 0)
        wheel.arm(timer, at: Self.second)
        for step in stride(from: 0, through: Self.second, by: 1_000_000) {
            let due = wheel.advance(to: step)
            #expect(due.isEmpty || step >= Self.second)
        }
        let due = wheel.advance(to: Self.second + 2 * TimerWheel.tick)
        #expect(due.count == 1)
        #expect(!timer.isArmed)
    }

    @Test func `moving a deadline later only postpones it`() {
        let recorder = Recorder()
        let timer = LoopTimer(recorder)
        var wheel = TimerWheel(now: 0)
        wheel.arm(timer, at: Self.second)
        wheel.arm(timer, at: 3 * Self.second)
        let early = wheel.advance(to: 2 * Self.second)
        #expect(early.isEmpty)
        let due = wheel.advance(to: 3 * Self.second + 2 * TimerWheel.tick)
        #expect(due.count == 1)
    }

    @Test func `moving a deadline earlier takes effect`() {
        let recorder = Recorder()
        let timer = LoopTimer(recorder)
        var wheel = TimerWheel(now: 0)
        wheel.arm(timer, at: 30 * Self.second)
        wheel.arm(timer, at: Self.second)
        let due = wheel.advance(to: Self.second + 2 * TimerWheel.tick)
        #expect(due.count == 1)
    }

    @Test func `a deadline beyond the wheel's reach is kept`() {
        let recorder = Recorder()
        let timer = LoopTimer(recorder)
        var wheel = TimerWheel(now: 0)
        wheel.arm(timer, at: 300 * Self.second)
        for step in 1...299 {
            let due = wheel.advance(to: UInt64(step) * Self.second)
            #expect(due.isEmpty)
        }
        let due = wheel.advance(to: 301 * Self.second)
        #expect(due.count == 1)
    }

    @Test func `disarmed timers do not fire and the wheel is empty then`() {
        let recorder = Recorder()
        let timers = (0..<100).map { _ in LoopTimer(recorder) }
        var wheel = TimerWheel(now: 0)
        for (index, timer) in timers.enumerated() { wheel.arm(timer, at: UInt64(index % 5 + 1) * Self.second) }
        for timer in timers { wheel.disarm(timer) }
        let next = wheel.nextVisit()
        #expect(next == nil)
        let due = wheel.advance(to: 10 * Self.second)
        #expect(due.isEmpty)
    }
}
