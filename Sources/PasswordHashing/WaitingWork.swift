import Dispatch
import Locking

/// What waits for a thread: a line for each urgency, each with an end.
final class WaitingWork: Sendable {
    /// Runs the work, or only says that it will not be done.
    typealias Work = @Sendable (_ isClosing: Bool) -> Void

    private let limit: Int
    private let lines = Locked(Lines())
    private let wake = DispatchSemaphore(value: 0)

    /// - Parameter limit: how many may stand in one line.
    init(limit: Int) {
        self.limit = limit
    }

    /// Puts work in its line, or turns it away where the line is full.
    func add(_ urgency: PasswordUrgency, _ work: @escaping Work) {
        let isAdmitted = lines.withLock { $0.add(work, to: urgency.rawValue, limit: limit) }
        if isAdmitted { wake.signal() } else { work(true) }
    }

    /// Takes work for as long as there may be any; for a thread of its own.
    ///
    /// - Parameter rest: called before the thread waits with nothing to do.
    func run(rest: () -> Void) {
        while true {
            if wake.wait(timeout: .now()) == .timedOut {
                rest()
                wake.wait()
            }
            guard let work = lines.withLock({ $0.take() }) else { break }
            work(false)
        }
        // The next thread is told the same.
        wake.signal()
    }

    /// Turns everyone away and ends all threads.
    func close() {
        let turnedAway = lines.withLock { $0.close() }
        for work in turnedAway { work(true) }
        wake.signal()
    }
}

/// The lines, and whose turn it is.
struct Lines {
    private var lines = [[WaitingWork.Work]](repeating: [], count: PasswordUrgency.allCases.count)
    private var turn = 0
    private var isClosed = false

    mutating func add(_ work: @escaping WaitingWork.Work, to line: Int, limit: Int) -> Bool {
        guard !isClosed, lines[line].count < limit else { return false }
        lines[line].append(work)
        return true
    }

    /// The first of the most urgent line; now and then of each other one, so that nobody waits for ever.
    mutating func take() -> WaitingWork.Work? {
        turn = (turn + 1) % Self.turns.count
        let first = Self.turns[turn].rawValue
        let line = lines[first].isEmpty ? lines.firstIndex { !$0.isEmpty } : first
        // Lines are short: moving the others up costs nothing beside a hash.
        return line.map { lines[$0].removeFirst() }
    }

    mutating func close() -> [WaitingWork.Work] {
        isClosed = true
        defer { lines = lines.map { _ in [] } }
        return lines.flatMap(\.self)
    }

    /// Whose turn it is first, by the count of turns: two full lines together must not shut out the third.
    private static let turns: [PasswordUrgency] = [
        .suspect, .known, .known, .known, .unknown, .known, .known, .known,
    ]
}
