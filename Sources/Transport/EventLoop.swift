import Dispatch
import Locking

/// Called once after the batch of events in which it was asked for: the place to flush what the batch has gathered.
package protocol BatchEndHandler: AnyObject {
    func batchDidEnd()
}

/// One serial queue that drives many sockets.
///
/// How it works: a Dispatch wake-up costs more than a request, so the loop has one level-triggered epoll set of all its
/// sockets and one Dispatch read source that watches the set. Its handler takes events in batches, and lingers in
/// `epoll_wait` for a moment before it goes back to Dispatch, so that under load there are no wake-ups at all.
/// What a batch gathers (writes, frees) is done at its end. Other threads enter by `execute` alone.
///
/// SAFETY: `@unchecked Sendable`, since everything but `execute`, `index` and `isCurrent` is used on `queue` only, which
/// `preconditionInLoop` checks at the entries.
package final class EventLoop: @unchecked Sendable {
    package let index: Int
    /// Monotonic nanoseconds, read once per batch.
    package private(set) var now: UInt64
    /// Seconds since 1970, read once per batch.
    package private(set) var unixTime: Int64
    /// The sub-second part of `unixTime`.
    package private(set) var unixMilliseconds: Int64
    /// Room for one read, directly from `socketReady`; what stands there is valid only within that call.
    ///
    /// Whoever reads within a call that somebody else's read has led to needs room of their own.
    package let scratch: UnsafeMutableRawBufferPointer
    /// A second such room, for the layer above a read (plain text under decryption).
    package let secondScratch: UnsafeMutableRawBufferPointer

    let queue: DispatchQueue
    private let key = DispatchSpecificKey<Bool>()
    private let poll: EventPoll
    private var source: (any DispatchSourceRead)?
    private let timerSource: any DispatchSourceTimer
    private var timerSourceDeadline: UInt64 = .max
    private var wheel: TimerWheel
    private var slots: [SocketRegistration?] = []
    private var freeSlots: [Int] = []
    private var generation: UInt32 = 0
    private var batchEnd: [any BatchEndHandler] = []
    private var batchEndSpare: [any BatchEndHandler] = []
    private let mailbox = Locked<Mailbox>(Mailbox())

    private struct Mailbox {
        var tasks: [@Sendable () -> Void] = []
        var isClosed = false
    }

    /// Bytes in `scratch`: one read takes up to this much.
    package static let scratchSize = 256 * 1024
    /// How long one handler call may keep the queue before it lets Dispatch's own sources have a turn.
    private static let longestTurn: UInt64 = 50_000_000

    /// Milliseconds to wait for more before going back to Dispatch: less than a tick of the wheel, so no timer is later.
    private static let linger: Int32 = 8

    package init(index: Int) throws(TransportError) {
        self.index = index
        poll = try EventPoll.open()
        queue = DispatchQueue(label: "gatehouse.loop.\(index)", qos: .userInitiated)
        now = SystemCall.monotonicNanoseconds()
        let milliseconds = SystemCall.unixMilliseconds()
        unixTime = milliseconds / 1000
        unixMilliseconds = milliseconds % 1000
        wheel = TimerWheel(now: now)
        scratch = .allocate(byteCount: Self.scratchSize, alignment: 64)
        secondScratch = .allocate(byteCount: Self.scratchSize, alignment: 64)
        // What reads use most is taken now, so that what clients make us take can be told from it.
        for space in [scratch, secondScratch] {
            space.baseAddress?.initializeMemory(as: UInt8.self, repeating: 0, count: Self.scratchSize / 4)
        }
        timerSource = DispatchSource.makeTimerSource(queue: queue)
        queue.setSpecific(key: key, value: true)
        start()
    }

    deinit {
        scratch.deallocate()
        secondScratch.deallocate()
    }

    /// Runs the work on the loop, from any thread; work from one thread runs in its order.
    package func execute(_ work: @escaping @Sendable () -> Void) {
        let first = mailbox.withLock { mailbox in
            guard !mailbox.isClosed else { return false }
            mailbox.tasks.append(work)
            return mailbox.tasks.count == 1
        }
        if first { poll.wake() }
    }

    /// Whether the caller runs on this loop.
    package var isCurrent: Bool { DispatchQueue.getSpecific(key: key) == true }

    package func preconditionInLoop() {
        dispatchPrecondition(condition: .onQueue(queue))
    }

    /// Ends the loop: nothing runs on it after this, and its sockets' handlers are let go.
    package func shutdown() {
        execute { [self] in
            mailbox.withLock { $0.isClosed = true }
            source?.cancel()
            source = nil
            timerSource.cancel()
            // The slots stay: a timer of this turn may still take its socket out.
            for registration in slots { registration?.handler = nil }
        }
    }

    // MARK: Sockets

    /// Adds a socket; level-triggered.
    ///
    /// The loop keeps the handler alive until `deregister`.
    ///
    /// - Throws: `TransportError.systemCall` when the kernel refuses (out of memory or watches).
    package func register(
        _ handler: any SocketHandler,
        descriptor: Int32,
        interest: SocketInterest
    ) throws(TransportError) -> SocketRegistration {
        generation &+= 1
        let slot: Int
        if let free = freeSlots.popLast() {
            slot = free
        } else {
            slot = slots.count
            slots.append(nil)
        }
        let registration = SocketRegistration(
            descriptor: descriptor,
            interest: interest,
            handler: handler,
            slot: slot,
            generation: generation
        )
        do {
            try poll.add(descriptor, bits: interest.rawValue, word: registration.word)
        } catch {
            freeSlots.append(slot)
            throw error
        }
        slots[slot] = registration
        return registration
    }

    /// Changes what the handler wants to hear; no system call when nothing changes.
    package func update(_ registration: SocketRegistration, interest: SocketInterest) {
        guard registration.interest != interest, registration.handler != nil else { return }
        registration.interest = interest
        poll.modify(registration.descriptor, bits: interest.rawValue, word: registration.word)
    }

    /// Takes the socket out; do it before closing the descriptor.
    ///
    /// Events of it that still wait are dropped.
    package func deregister(_ registration: SocketRegistration) {
        guard registration.handler != nil else { return }
        registration.handler = nil
        poll.remove(registration.descriptor)
        slots[registration.slot] = nil
        freeSlots.append(registration.slot)
    }

    /// Asks for one call after the current batch, in the order of asking.
    ///
    /// Ask once a batch.
    package func atEndOfBatch(_ handler: any BatchEndHandler) {
        batchEnd.append(handler)
    }

    // MARK: Timers

    /// Sets the timer's deadline, in nanoseconds on the monotonic clock.
    package func arm(_ timer: LoopTimer, at deadline: UInt64) {
        wheel.arm(timer, at: deadline)
    }

    package func disarm(_ timer: LoopTimer) {
        wheel.disarm(timer)
    }

    // MARK: Turns

    private func start() {
        let source = DispatchSource.makeReadSource(fileDescriptor: poll.descriptor, queue: queue)
        source.setEventHandler { [unowned self] in turn() }
        source.setCancelHandler { withExtendedLifetime(self) {} }
        timerSource.setEventHandler { [unowned self] in
            timerSourceDeadline = .max
            turn()
        }
        timerSource.setCancelHandler { withExtendedLifetime(self) {} }
        timerSource.schedule(deadline: .distantFuture)
        self.source = source
        source.resume()
        timerSource.resume()
    }

    private func turn() {
        readClock()
        let started = now
        var count = poll.wait(milliseconds: 0)
        repeat {
            readClock()
            runBatch(count)
            guard now &- started < Self.longestTurn else { break }
            count = poll.wait(milliseconds: Self.linger)
        } while count > 0
        scheduleTimerSource()
    }

    private func runBatch(_ count: Int) {
        var index = 0
        var mail = false
        while index < count {
            let (word, bits) = poll.event(at: index)
            index += 1
            if word == EventPoll.wakeupWord {
                mail = true
                continue
            }
            let slot = Int(word & 0xFFFF_FFFF)
            guard slot < slots.count, let registration = slots[slot], registration.word == word else { continue }
            registration.handler?.socketReady(SocketEvents(rawValue: bits))
        }
        if mail { runMailbox() }
        fireTimers()
        endBatch()
    }

    private func runMailbox() {
        poll.drainWakeup()
        let tasks = mailbox.withLock { mailbox in
            let tasks = mailbox.tasks
            mailbox.tasks = []
            return tasks
        }
        for task in tasks { task() }
    }

    private func fireTimers() {
        let due = wheel.advance(to: now)
        for timer in due where timer.isDue {
            timer.isDue = false
            timer.handler.timerFired(timer)
        }
    }

    private func endBatch() {
        while !batchEnd.isEmpty {
            swap(&batchEnd, &batchEndSpare)
            for handler in batchEndSpare { handler.batchDidEnd() }
            batchEndSpare.removeAll(keepingCapacity: true)
        }
    }

    private func readClock() {
        now = SystemCall.monotonicNanoseconds()
        let milliseconds = SystemCall.unixMilliseconds()
        unixTime = milliseconds / 1000
        unixMilliseconds = milliseconds % 1000
    }

    private func scheduleTimerSource() {
        guard let next = wheel.nextVisit(), next < timerSourceDeadline else { return }
        timerSourceDeadline = next
        timerSource.schedule(deadline: DispatchTime(uptimeNanoseconds: next), leeway: .milliseconds(5))
    }
}
