import Foundation
import Glibc
import Locking

/// A server of blocking sockets, so that the tests do not use what they test: one thread for each connection.
final class TestServer: Sendable {
    typealias Handler = @Sendable (TestPeer) -> Void

    let port: UInt16
    let unixPath: String?
    fileprivate let tls: TestTLS?
    private let listener: Int32
    private let state = Locked(State())

    private struct State {
        var accepted = 0
        var open: [ObjectIdentifier: TestPeer] = [:]
        var requests: [String] = []
        var isStopped = false
    }

    /// Listens on a free port of the loopback, or on a Unix socket; the handler runs for each connection.
    init(unixPath: String? = nil, port: UInt16 = 0, tls: TestTLS? = nil, handler: @escaping Handler) {
        self.unixPath = unixPath
        self.tls = tls
        if let unixPath {
            listener = Self.listenUnix(unixPath)
            self.port = 80
        } else {
            (listener, self.port) = Self.listenInternet(port)
        }
        Thread.detachNewThread { [self] in acceptAll(handler) }
    }

    /// Connections that were accepted so far.
    var acceptedCount: Int { state.withLock { $0.accepted } }

    /// Connections that are open now.
    var openCount: Int { state.withLock { $0.open.count } }

    /// The heads of the requests that came, in order.
    var requests: [String] { state.withLock { $0.requests } }

    /// Stops listening and closes all connections.
    func stop() {
        let open = state.withLock { state in
            state.isStopped = true
            return Array(state.open.values)
        }
        shutdown(listener, Int32(SHUT_RDWR))
        for peer in open { peer.hangUp() }
    }

    fileprivate func note(_ request: String) {
        state.withLock { $0.requests.append(request) }
    }

    private func acceptAll(_ handler: @escaping Handler) {
        while true {
            let descriptor = accept(listener, nil, nil)
            guard descriptor >= 0 else { break }
            let number = state.withLock { state in
                state.accepted += 1
                return state.accepted
            }
            let peer = TestPeer(descriptor, number: number, server: self)
            let isStopped = state.withLock { state in
                state.open[ObjectIdentifier(peer)] = peer
                return state.isStopped
            }
            if isStopped { peer.hangUp() }
            Thread.detachNewThread { [self] in
                if peer.shakeHands() { handler(peer) }
                peer.end()
                state.withLock { $0.open[ObjectIdentifier(peer)] = nil }
            }
        }
        close(listener)
        if let unixPath { unlink(unixPath) }
    }

    private static func listenInternet(_ port: UInt16) -> (Int32, UInt16) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, 4)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                precondition(bind(descriptor, $0, size) == 0, "cannot bind")
                precondition(listen(descriptor, 1024) == 0, "cannot listen")
                precondition(getsockname(descriptor, $0, &size) == 0, "cannot tell the port")
            }
        }
        return (descriptor, UInt16(bigEndian: name.sin_port))
    }

    private static func listenUnix(_ path: String) -> Int32 {
        unlink(path)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                precondition(bind(descriptor, $0, size) == 0, "cannot bind")
            }
        }
        precondition(listen(descriptor, 1024) == 0, "cannot listen")
        return descriptor
    }
}

/// The server's end of one connection.
///
/// SAFETY: `@unchecked Sendable`, since but for `hangUp` it is used by the thread of its connection alone.
final class TestPeer: @unchecked Sendable {
    /// 1 for the first connection that was accepted.
    let number: Int
    private let server: TestServer
    private let descriptor: Locked<Int32>
    private var received: [UInt8] = []
    private(set) var session: TestTLSSession?

    fileprivate init(_ descriptor: Int32, number: Int, server: TestServer) {
        self.descriptor = Locked(descriptor)
        self.number = number
        self.server = server
    }

    /// The next request's head, without its empty line; nil when the connection has ended.
    func readHead() -> String? {
        let end = Array("\r\n\r\n".utf8)
        while true {
            if let found = received.firstRange(of: end) {
                let head = String(decoding: received[..<found.lowerBound], as: UTF8.self)
                received.removeSubrange(..<found.upperBound)
                server.note(head)
                return head
            }
            guard fill() else { return nil }
        }
    }

    /// Exactly this many bytes, fewer if the connection ends before.
    func read(_ count: Int) -> [UInt8] {
        while received.count < count, fill() {}
        let result = Array(received.prefix(count))
        received.removeFirst(result.count)
        return result
    }

    /// All up to and with these bytes, or what came before the end.
    func read(through text: String) -> String {
        let end = Array(text.utf8)
        while received.firstRange(of: end) == nil, fill() {}
        let count = received.firstRange(of: end)?.upperBound ?? received.count
        return String(decoding: read(count), as: UTF8.self)
    }

    /// Whatever has come, at least one byte; nil when the connection has ended.
    func readSome() -> [UInt8]? {
        guard !received.isEmpty || fill() else { return nil }
        defer { received = [] }
        return received
    }

    /// Waits until the other end has closed, and returns how many bytes still came.
    @discardableResult
    func waitForEnd() -> Int {
        while fill() {}
        return received.count
    }

    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        if let session { return session.send(bytes) }
        let descriptor = descriptor.withLock { $0 }
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.send(descriptor, buffer.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Answers with a length and a body.
    @discardableResult
    func answer(_ body: String = "ok", status: String = "200 OK") -> Bool {
        send("HTTP/1.1 \(status)\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    /// Makes the end of the connection a reset.
    func reset() {
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        let descriptor = descriptor.withLock { $0 }
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        end()
    }

    /// Ends our direction.
    func endSending() {
        shutdown(descriptor.withLock { $0 }, Int32(SHUT_WR))
    }

    /// Ends both directions, from any thread.
    fileprivate func hangUp() {
        descriptor.withLock { descriptor in
            if descriptor >= 0 { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    /// Closes the connection.
    func end() {
        descriptor.withLock { descriptor in
            if descriptor >= 0 { close(descriptor) }
            descriptor = -1
        }
    }

    fileprivate func shakeHands() -> Bool {
        guard let tls = server.tls else { return true }
        session = tls.accept(descriptor.withLock { $0 })
        return session != nil
    }

    private func fill() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65536)
        let count = session?.receive(&chunk) ?? recv(descriptor.withLock { $0 }, &chunk, chunk.count, 0)
        guard count > 0 else { return false }
        received += chunk[..<count]
        return true
    }
}

/// A listener that accepts nothing and whose queue is full, so that connecting to it neither succeeds nor fails.
final class StuckListener: Sendable {
    static let shared = StuckListener()
    let port: UInt16

    private init() {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(descriptor, $0, size)
                _ = listen(descriptor, 0)
                _ = getsockname(descriptor, $0, &size)
                for _ in 0..<4 {
                    let filler = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
                    _ = connect(filler, $0, size)
                }
            }
        }
        port = UInt16(bigEndian: name.sin_port)
    }
}

/// A port that is bound, so that no other test gets it, but that nobody listens on.
final class ReservedPort: Sendable {
    static let shared = ReservedPort()
    let port: UInt16

    private init() {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(descriptor, $0, size)
                _ = getsockname(descriptor, $0, &size)
            }
        }
        port = UInt16(bigEndian: name.sin_port)
    }
}
