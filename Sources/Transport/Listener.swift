/// Given each accepted connection, on the loop that will keep it.
package protocol ConnectionAcceptor: AnyObject {
    /// Takes over an accepted, non-blocking descriptor; it is the acceptor's to close.
    func accepted(_ descriptor: Int32, from peer: PeerAddress, on loop: EventLoop)
}

/// One loop's share of a listening address.
///
/// Confined to its event loop.
package final class Listener {
    private let loop: EventLoop
    private let descriptor: Int32
    private let acceptor: any ConnectionAcceptor
    private var registration: SocketRegistration?
    private var isClosed = false
    private var retryTimer: LoopTimer?
    /// The socket's file, to be removed with it.
    private let path: String?

    /// How many connections one event accepts: the others on the loop get their turn.
    private static let batch = 64

    init(loop: EventLoop, descriptor: Int32, path: String?, acceptor: any ConnectionAcceptor) {
        self.loop = loop
        self.descriptor = descriptor
        self.acceptor = acceptor
        self.path = path
    }

    /// Begins to accept.
    ///
    /// - Throws: `TransportError.systemCall` when the loop can't take the descriptor.
    package func start() throws(TransportError) {
        loop.preconditionInLoop()
        registration = try loop.register(self, descriptor: descriptor, interest: .readable)
    }

    /// Stops accepting and closes the descriptor; connections that wait in its queue are reset by the kernel unless
    /// another socket shares the address.
    package func close() {
        loop.preconditionInLoop()
        guard !isClosed else { return }
        isClosed = true
        if let retryTimer { loop.disarm(retryTimer) }
        if let registration { loop.deregister(registration) }
        registration = nil
        // In this order: once the socket is closed, another process may have taken the path over.
        if let path { SystemCall.remove(path) }
        SystemCall.close(descriptor)
    }

    /// Takes the connections that already wait, before a close, so that none is reset.
    package func acceptWaiting() {
        guard !isClosed else { return }
        acceptBatch(limit: Int.max)
    }
}

extension Listener: SocketHandler, LoopTimerHandler {
    package func socketReady(_ events: SocketEvents) {
        acceptBatch(limit: Self.batch)
    }

    package func timerFired(_ timer: LoopTimer) {
        if let registration { loop.update(registration, interest: .readable) }
    }

    private func acceptBatch(limit: Int) {
        var accepted = 0
        while accepted < limit {
            var code: Int32 = 0
            guard let (connection, peer) = ListeningSocket.accept(descriptor, code: &code) else {
                if SystemCall.isOutOfResources(code) { pause() }
                if SystemCall.isTransientAcceptError(code) { continue }
                return
            }
            accepted += 1
            acceptor.accepted(connection, from: peer, on: loop)
        }
    }

    /// Out of descriptors or memory: level-triggered events would spin, so listening rests for a moment.
    private func pause() {
        guard let registration else { return }
        loop.update(registration, interest: [])
        let timer = retryTimer ?? LoopTimer(self)
        retryTimer = timer
        loop.arm(timer, at: loop.now + 100_000_000)
    }
}

@available(*, unavailable)
extension Listener: Sendable {}

/// An address that was bound for a group of loops, before anything is accepted from it.
package struct BoundAddress: Sendable {
    /// The address with the port that was chosen.
    package let address: ListenAddress
    private let descriptors: [Int32]

    /// Binds the address once for each loop (`SO_REUSEPORT`), or once in all for a local socket.
    ///
    /// - Throws: `TransportError.addressInUse` also when a process that shares its ports has it.
    package init(_ wanted: ListenAddress, loops: Int) throws(TransportError) {
        // Bound without sharing first: SO_REUSEPORT alone would let a second process in silently.
        let probe = try ListeningSocket.open(wanted, shared: false)
        guard case .internet(let host, _) = wanted else {
            address = wanted
            descriptors = [probe]
            return
        }
        let address = ListenAddress.internet(host: host, port: ListeningSocket.port(of: probe))
        SystemCall.close(probe)
        var descriptors: [Int32] = []
        do {
            for _ in 0..<loops { descriptors.append(try ListeningSocket.open(address, shared: true)) }
        } catch {
            for descriptor in descriptors { SystemCall.close(descriptor) }
            throw error
        }
        self.address = address
        self.descriptors = descriptors
    }

    /// The listener of one loop; nil where a local socket is another loop's to accept from.
    package func listener(on loop: EventLoop, acceptor: any ConnectionAcceptor) -> Listener? {
        guard loop.index < descriptors.count else { return nil }
        let path: String? = if case .unix(let path) = address { path } else { nil }
        return Listener(loop: loop, descriptor: descriptors[loop.index], path: path, acceptor: acceptor)
    }

    /// Gives the address back; only before any listener was made.
    package func close() {
        for descriptor in descriptors { SystemCall.close(descriptor) }
    }
}
