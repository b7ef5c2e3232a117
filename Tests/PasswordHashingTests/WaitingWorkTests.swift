import Dispatch
import Locking
import Testing

@testable import PasswordHashing

@Suite struct WaitingWorkTests {
    @Test func `the most urgent come first, and the least urgent are not forgotten`() {
        let order = Locked<[PasswordUrgency]>([])
        var lines = Lines()
        let arrivals: [PasswordUrgency] =
            [.suspect, .suspect] + [.unknown, .known] + Array(repeating: .known, count: 8)
        for urgency in arrivals {
            let isAdmitted = lines.add({ _ in order.withLock { $0.append(urgency) } }, to: urgency.rawValue, limit: 100)
            #expect(isAdmitted)
        }
        while let work = lines.take() { work(false) }
        let three: [PasswordUrgency] = [.known, .known, .known]
        #expect(order.withLock { $0 } == three + [.unknown] + three + [.suspect] + three + [.suspect])
    }

    @Test func `no line is shut out, however full the others are`() {
        let served = Locked(0)
        var lines = Lines()
        for _ in 0..<16 {
            for urgency in [PasswordUrgency.known, .suspect] {
                _ = lines.add({ _ in }, to: urgency.rawValue, limit: 100)
            }
        }
        _ = lines.add({ _ in served.withLock { $0 += 1 } }, to: PasswordUrgency.unknown.rawValue, limit: 100)
        for _ in 0..<8 { lines.take()?(false) }
        #expect(served.withLock { $0 } == 1)
    }

    @Test func `each line has its own end`() {
        var lines = Lines()
        for _ in 0..<3 {
            let isAdmitted = lines.add({ _ in }, to: PasswordUrgency.suspect.rawValue, limit: 3)
            #expect(isAdmitted)
        }
        let isOneMoreAdmitted = lines.add({ _ in }, to: PasswordUrgency.suspect.rawValue, limit: 3)
        #expect(!isOneMoreAdmitted)
        let isAnotherAdmitted = lines.add({ _ in }, to: PasswordUrgency.known.rawValue, limit: 3)
        #expect(isAnotherAdmitted)
    }

    @Test func `closing turns away who waits and who comes, and ends every thread`() {
        let queue = WaitingWork(limit: 10)
        let turnedAway = Locked(0)
        for urgency in PasswordUrgency.allCases {
            queue.add(urgency) { isClosing in turnedAway.withLock { $0 += isClosing ? 1 : 0 } }
        }
        queue.close()
        queue.add(.known) { isClosing in turnedAway.withLock { $0 += isClosing ? 1 : 0 } }
        #expect(turnedAway.withLock { $0 } == 4)
        let ended = DispatchGroup()
        for _ in 0..<3 {
            ended.enter()
            LowPriorityThread.start {
                queue.run(rest: {})
                ended.leave()
            }
        }
        #expect(ended.wait(timeout: .now() + 10) == .success)
    }

    @Test func `a thread is told each time that it has nothing more to do, and not before`() {
        let queue = WaitingWork(limit: 10)
        let (done, rests) = (Locked(0), Locked<[Int]>([]))
        let rested = DispatchSemaphore(value: 0)
        for _ in 0..<3 { queue.add(.known) { _ in done.withLock { $0 += 1 } } }
        LowPriorityThread.start {
            queue.run {
                rests.withLock { $0.append(done.withLock { $0 }) }
                rested.signal()
            }
        }
        #expect(rested.wait(timeout: .now() + 10) == .success)
        queue.add(.known) { _ in done.withLock { $0 += 1 } }
        #expect(rested.wait(timeout: .now() + 10) == .success)
        #expect(rests.withLock { $0 } == [3, 4])
        queue.close()
    }
}
