import CLinux
import Glibc

/// The system calls of this module: each handles EINTR, reads `errno` in one place, and says what came of it.
enum SystemCall {
    /// What a read or write on a non-blocking descriptor came to.
    enum Transfer {
        case bytes(Int)
        case wouldBlock
        case end
        case failed(Int32)
    }

    static func receive(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { return .bytes(count) }
            if count == 0 { return .end }
            switch clinux_errno() {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            case let code: return .failed(code)
            }
        }
    }

    static func send(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Transfer {
        while true {
            let count = Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            if count >= 0 { return .bytes(count) }
            switch clinux_errno() {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            case let code: return .failed(code)
            }
        }
    }

    static func close(_ descriptor: Int32) {
        // After EINTR the descriptor is gone on Linux: never again.
        _ = Glibc.close(descriptor)
    }

    static func remove(_ path: String) {
        _ = unlink(path)
    }

    static func shutdownWriting(_ descriptor: Int32) {
        _ = shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Makes the next close send a reset instead of a FIN.
    static func resetOnClose(_ descriptor: Int32) {
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        _ = setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    }

    static func setOption(_ descriptor: Int32, level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        _ = setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Whether accepting must rest until something is given back.
    static func isOutOfResources(_ code: Int32) -> Bool {
        code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM
    }

    /// Whether only the connection at the head of the queue is gone (accept(2), "Error handling").
    static func isTransientAcceptError(_ code: Int32) -> Bool {
        code == EINTR || code == ECONNABORTED || code == EPROTO || code == ENETDOWN || code == EHOSTUNREACH
    }

    static func monotonicNanoseconds() -> UInt64 { clinux_monotonic_nanoseconds() }
    static func unixMilliseconds() -> Int64 { clinux_unix_milliseconds() }

    static func message(for code: Int32) -> String {
        var text = [CChar](repeating: 0, count: 256)
        guard strerror_r(code, &text, text.count) == 0 else { return "error \(code)" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// An epoll set and the eventfd that wakes it from other threads.
struct EventPoll: ~Copyable {
    let descriptor: Int32
    let wakeup: Int32

    static let readable = EPOLLIN.rawValue
    static let writable = EPOLLOUT.rawValue
    static let hangUp = EPOLLHUP.rawValue
    static let failed = EPOLLERR.rawValue
    static let wakeupWord = UInt64.max

    private let events: UnsafeMutableBufferPointer<epoll_event>

    static func open() throws(TransportError) -> EventPoll {
        let descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw .systemCall("epoll_create1", code: clinux_errno()) }
        let wakeup = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard wakeup >= 0 else {
            let code = clinux_errno()
            SystemCall.close(descriptor)
            throw .systemCall("eventfd", code: code)
        }
        return EventPoll(descriptor: descriptor, wakeup: wakeup)
    }

    private init(descriptor: Int32, wakeup: Int32) {
        self.descriptor = descriptor
        self.wakeup = wakeup
        events = .allocate(capacity: 256)
        _ = clinux_epoll_control(descriptor, EPOLL_CTL_ADD, wakeup, Self.readable, Self.wakeupWord)
    }

    deinit {
        SystemCall.close(wakeup)
        SystemCall.close(descriptor)
        events.deallocate()
    }

    /// Waits up to `milliseconds` and returns how many events came; read them with `event(at:)`.
    func wait(milliseconds: Int32) -> Int {
        let count = epoll_wait(descriptor, events.baseAddress, Int32(events.count), milliseconds)
        return max(0, Int(count))
    }

    @inline(__always)
    func event(at index: Int) -> (word: UInt64, bits: UInt32) {
        guard let base = events.baseAddress else { return (Self.wakeupWord, 0) }
        return (clinux_event_data(base + index), clinux_event_bits(base + index))
    }

    func add(_ descriptor: Int32, bits: UInt32, word: UInt64) throws(TransportError) {
        guard clinux_epoll_control(self.descriptor, EPOLL_CTL_ADD, descriptor, bits, word) == 0 else {
            throw .systemCall("epoll_ctl", code: clinux_errno())
        }
    }

    func modify(_ descriptor: Int32, bits: UInt32, word: UInt64) {
        // It can fail only for a descriptor that was closed behind the loop's back; its events are gone then too.
        _ = clinux_epoll_control(self.descriptor, EPOLL_CTL_MOD, descriptor, bits, word)
    }

    func remove(_ descriptor: Int32) {
        _ = clinux_epoll_control(self.descriptor, EPOLL_CTL_DEL, descriptor, 0, 0)
    }

    func wake() {
        var one: UInt64 = 1
        _ = write(wakeup, &one, 8)
    }

    func drainWakeup() {
        var value: UInt64 = 0
        _ = read(wakeup, &value, 8)
    }
}
