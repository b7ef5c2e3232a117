import Dispatch
import Glibc
import Synchronization

/// Writes lines to a file or a standard stream on a thread of its own, so that a slow disk or reader holds up no loop.
///
/// How it works: every producer has a ring of its own (`channel`). It copies a line in, or counts it as dropped when the
/// ring is full, and never waits. The thread empties the rings, naps a few milliseconds so that lines gather, and
/// only when it finds nothing for a while does it sleep until a producer wakes it.
package final class LogWriter: Sendable {
    private let destination: LogDestination
    private let rings: [LogRing]
    private let dropped: [DroppedLines]
    private let asleep = Atomic<Bool>(false)
    private let closing = Atomic<Bool>(false)
    private let reopening = Atomic<Bool>(false)
    private let writeFailures = Atomic<UInt64>(0)
    private let wake = DispatchSemaphore(value: 0)
    private let done = DispatchSemaphore(value: 0)

    /// Starts the thread.
    ///
    /// - Parameter channels: how many threads will write, each through its own channel.
    /// - Parameter channelBytes: how much of each waits at most, a power of two; lines beyond it are dropped.
    package init(_ destination: LogDestination, channels: Int, channelBytes: Int = 1 << 20) throws(LogError) {
        self.destination = destination
        rings = (0..<channels).map { _ in LogRing(capacity: channelBytes) }
        dropped = (0..<channels).map { _ in DroppedLines() }
        let descriptor = try destination.open()
        let thread = DispatchQueue(label: "gatehouse.log")
        thread.async { self.run(descriptor) }
    }

    /// The way in for one producer; each may be used by one thread at a time.
    package func channel(_ index: Int) -> LogChannel {
        LogChannel(writer: self, ring: rings[index], dropped: dropped[index])
    }

    /// How many lines found no room, since the start.
    package var droppedLines: UInt64 { dropped.reduce(0) { $0 + $1.count.load(ordering: .relaxed) } }

    /// How many writes the destination refused, since the start: a full disk, a reader that went away.
    package var failedWrites: UInt64 { writeFailures.load(ordering: .relaxed) }

    /// Opens the file again before the next line, after it was renamed by a rotation.
    package func reopen() {
        reopening.store(true, ordering: .releasing)
        wakeThread()
    }

    /// Writes what is left and ends the thread.
    ///
    /// Producers must have stopped: what they write later is lost. Returns false when the destination did not take everything in time.
    @discardableResult
    package func close(waitingAtMost seconds: Int = 5) -> Bool {
        closing.store(true, ordering: .sequentiallyConsistent)
        wakeThread()
        guard done.wait(timeout: .now() + .seconds(seconds)) == .success else { return false }
        done.signal()
        return true
    }

    func lineWasAdded() {
        if asleep.load(ordering: .sequentiallyConsistent) { wakeThread() }
    }

    private func wakeThread() {
        if asleep.exchange(false, ordering: .sequentiallyConsistent) { wake.signal() }
    }

    private func run(_ opened: Int32) {
        var descriptor = opened
        var idleRounds = 0
        while true {
            // Read before the rings are emptied: what was written before `close` is then in this round.
            let isLast = closing.load(ordering: .sequentiallyConsistent)
            if reopening.exchange(false, ordering: .acquiring) { reopen(&descriptor) }
            var written = 0
            for ring in rings { written += ring.drain { write($0, to: descriptor) } }
            if isLast { break }
            idleRounds = written == 0 ? idleRounds + 1 : 0
            if idleRounds < Self.idleRoundsBeforeSleep { usleep(Self.napMicroseconds) } else { sleep() }
        }
        destination.close(descriptor)
        done.signal()
    }

    private func sleep() {
        asleep.store(true, ordering: .sequentiallyConsistent)
        let hasWork =
            closing.load(ordering: .sequentiallyConsistent) || reopening.load(ordering: .sequentiallyConsistent)
            || rings.contains { !$0.isEmpty }
        // Whoever takes the flag down owes a signal, which is taken here in either case.
        if hasWork, asleep.exchange(false, ordering: .sequentiallyConsistent) { return }
        wake.wait()
    }

    private func reopen(_ descriptor: inout Int32) {
        guard let fresh = try? destination.open() else {
            writeFailures.wrappingAdd(1, ordering: .relaxed)
            return
        }
        destination.close(descriptor)
        descriptor = fresh
    }

    private func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) {
        var rest = bytes
        while rest.count > 0 {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count > 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } else if errno == EAGAIN {
                // Somebody made the stream non-blocking; wait for it, but not beyond `close`.
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&waiting, 1, 100)
                if closing.load(ordering: .relaxed), waiting.revents == 0 { return }
            } else if errno != EINTR {
                writeFailures.wrappingAdd(1, ordering: .relaxed)
                return
            }
        }
    }

    private static let napMicroseconds: UInt32 = 10_000
    private static let idleRoundsBeforeSleep = 20
}

/// Where a log goes.
package enum LogDestination: Sendable, Equatable {
    case standardOutput
    case standardError
    /// Appended to; made with mode 0600 where it is missing: it says who did what.
    case file(String)

    func open() throws(LogError) -> Int32 {
        switch self {
        case .standardOutput: return STDOUT_FILENO
        case .standardError: return STDERR_FILENO
        case .file(let path):
            let descriptor = Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw .cannotOpen(path: path, errno: errno) }
            return descriptor
        }
    }

    func close(_ descriptor: Int32) {
        if case .file = self { _ = Glibc.close(descriptor) }
    }
}

/// Why a log could not be set up.
package enum LogError: Error, Equatable, Sendable {
    case cannotOpen(path: String, errno: Int32)
}

extension LogError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .cannotOpen(let path, let code): "\(path) can't be opened: \(String(cString: strerror(code)))"
        }
    }
}

/// One producer's way to a `LogWriter`; used by one thread at a time.
package struct LogChannel: Sendable {
    fileprivate let writer: LogWriter
    fileprivate let ring: LogRing
    fileprivate let dropped: DroppedLines

    /// Hands over a line that ends with a line feed, or counts it as dropped.
    package func write(_ line: UnsafeRawBufferPointer) {
        if ring.append(line) {
            writer.lineWasAdded()
        } else {
            dropped.count.wrappingAdd(1, ordering: .relaxed)
        }
    }
}

private final class DroppedLines: Sendable {
    let count = Atomic<UInt64>(0)
}
