import Bytes
import HTTP
import HTTP2
import Transport

/// What the connections of one event loop share.
///
/// Confined to its event loop.
package final class ServerLoop {
    package let loop: EventLoop
    /// Replaced by a reload; requests that have begun keep the one they began with.
    package var handler: any RequestHandler
    package var settings: ServerSettings
    /// Whether connections are to close when they have nothing in hand.
    package private(set) var isDraining = false
    /// Called once, when the last connection has gone while draining.
    package var onDrained: (() -> Void)?

    /// Where response heads are put together; empty between calls.
    var headBuffer = ByteBuffer(capacity: 4096)
    /// Where HTTP/2 heads are put together; empty between calls.
    let fieldEncoder = HTTP2FieldEncoder()
    private var heads: [RequestHead] = []
    private var connections: [ObjectIdentifier: any ServerConnection] = [:]
    /// Nil: nothing is counted.
    let metrics: ServerMetrics?
    private let census: ConnectionCensus

    /// The server of every loop, by its index, to hand accepted connections to.
    ///
    /// Empty: this loop keeps what it accepts.
    package var siblings: [LoopBound<ServerLoop>] = []

    /// How many request heads are kept for use again.
    private static let keptHeads = 256

    package init(
        loop: EventLoop,
        handler: any RequestHandler,
        settings: ServerSettings,
        census: ConnectionCensus,
        metrics: ServerMetrics? = nil
    ) {
        self.loop = loop
        self.handler = handler
        self.settings = settings
        self.census = census
        self.metrics = metrics
    }

    package var connectionCount: Int { connections.count }

    /// Lets every connection finish what it has in hand and close; idle ones close now.
    package func drain() {
        isDraining = true
        for connection in Array(connections.values) { connection.drain() }
        tellDrained()
    }

    private func tellDrained() {
        guard isDraining, connections.isEmpty else { return }
        // Whoever counts the loops must not count this one twice.
        let told = onDrained
        onDrained = nil
        told?()
    }

    /// After a reload: has clients come back on new connections, which are set up by the new settings.
    ///
    /// What is in hand goes on. HTTP/1 connections stay: nothing of theirs was agreed on at their beginning.
    package func renewConnections() {
        for connection in Array(connections.values) { connection.renew() }
    }

    /// Cuts every connection.
    package func abortAll() {
        for connection in Array(connections.values) { connection.abort() }
    }

    func takeHead() -> RequestHead {
        heads.popLast() ?? RequestHead()
    }

    func giveBack(_ head: RequestHead) {
        guard heads.count < Self.keptHeads else { return }
        head.reset()
        heads.append(head)
    }

    /// Counts a connection in, on the loop that is to have it; nil when there are as many as there may be.
    ///
    /// The kernel spreads connections over the loops' sockets by a hash, so that one loop of two may get two thirds of
    /// them, and a local socket has one loop that accepts: the loop with the fewest takes the next.
    func admit(_ peer: PeerAddress) -> Int? {
        census.admit(peer, on: loop.index, mayMove: siblings.count > 1)
    }

    func sibling(_ index: Int) -> LoopBound<ServerLoop>? {
        siblings.indices.contains(index) ? siblings[index] : nil
    }

    func dismiss(_ peer: PeerAddress) {
        census.dismiss(peer, on: loop.index)
    }

    func opened(_ connection: any ServerConnection) {
        connections[ObjectIdentifier(connection)] = connection
        metrics?.connectionOpened(connection.spokenProtocol)
    }

    func closed(_ connection: any ServerConnection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        metrics?.connectionClosed(connection.spokenProtocol)
        tellDrained()
    }
}

/// A connection as its loop's drain sees it.
protocol ServerConnection: AnyObject {
    var spokenProtocol: HTTPProtocol { get }
    func drain()
    /// Finishes what is in hand and sends the client elsewhere for more, if the protocol has a word for that.
    func renew()
    func abort()
}

@available(*, unavailable)
extension ServerLoop: Sendable {}
