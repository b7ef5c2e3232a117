import Bytes
import HTTP
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
    private var heads: [RequestHead] = []
    private var connections: [ObjectIdentifier: any ServerConnection] = [:]
    /// TLS handshakes that failed or stalled.
    package internal(set) var failedHandshakeCount = 0
    private let census: ConnectionCensus

    /// How many request heads are kept for use again.
    private static let keptHeads = 256

    package init(loop: EventLoop, handler: any RequestHandler, settings: ServerSettings, census: ConnectionCensus) {
        self.loop = loop
        self.handler = handler
        self.settings = settings
        self.census = census
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

    /// Counts a connection in; false when there are as many as there may be.
    func admit(_ peer: PeerAddress) -> Bool {
        census.admit(peer)
    }

    func dismiss(_ peer: PeerAddress) {
        census.dismiss(peer)
    }

    func opened(_ connection: any ServerConnection) {
        connections[ObjectIdentifier(connection)] = connection
    }

    func closed(_ connection: any ServerConnection) {
        connections[ObjectIdentifier(connection)] = nil
        tellDrained()
    }
}

/// A connection as its loop's drain sees it.
protocol ServerConnection: AnyObject {
    func drain()
    func abort()
}

@available(*, unavailable)
extension ServerLoop: Sendable {}
