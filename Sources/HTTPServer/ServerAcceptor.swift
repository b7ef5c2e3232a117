import TLS
import Transport

/// Makes a server connection of each accepted socket of one listener on one loop.
///
/// Confined to its event loop.
package final class ServerAcceptor {
    private let server: ServerLoop
    /// The listener's place in the configuration, for connections to come.
    package var listener: Int
    /// Whether connections to come are only told where to go.
    package var redirectsToHTTPS: Bool
    /// Nil: plain HTTP.
    ///
    /// Replaced when certificates are read again.
    package var tlsContext: TLSContext?
    private var handshakes: [ObjectIdentifier: PendingHandshake] = [:]

    package init(server: ServerLoop, listener: Int, tlsContext: TLSContext?, redirectsToHTTPS: Bool = false) {
        self.server = server
        self.listener = listener
        self.tlsContext = tlsContext
        self.redirectsToHTTPS = redirectsToHTTPS
    }

    fileprivate func open(_ stream: any ByteStream, _ info: ConnectionInfo) {
        let connection = HTTP1Connection(stream: stream, server: server, info: info)
        connection.start()
    }
}

extension ServerAcceptor: ConnectionAcceptor {
    package func accepted(_ descriptor: Int32, from peer: PeerAddress, on loop: EventLoop) {
        guard let place = server.admit(peer) else {
            return TCPStream(descriptor: descriptor, loop: loop).abort()
        }
        guard place != loop.index, let other = server.sibling(place) else { return open(descriptor, from: peer) }
        let (listener, tlsContext, redirectsToHTTPS) = (listener, tlsContext, redirectsToHTTPS)
        other.execute { server in
            let acceptor = ServerAcceptor(
                server: server,
                listener: listener,
                tlsContext: tlsContext,
                redirectsToHTTPS: redirectsToHTTPS
            )
            acceptor.open(descriptor, from: peer)
        }
    }

    /// Begins with a connection that was counted in.
    private func open(_ descriptor: Int32, from peer: PeerAddress) {
        let transport = TCPStream(descriptor: descriptor, loop: server.loop)
        let info = ConnectionInfo(
            peer: peer,
            isSecure: tlsContext != nil,
            listener: listener,
            redirectsToHTTPS: redirectsToHTTPS
        )
        guard let tlsContext else {
            open(transport, info)
            transport.start()
            return
        }
        let handshake = PendingHandshake(acceptor: self, info: info)
        guard let stream = TLSStream(transport: transport, context: tlsContext, handshakeDelegate: handshake) else {
            server.dismiss(peer)
            return transport.abort()
        }
        handshakes[ObjectIdentifier(stream)] = handshake
        stream.start(handshakeTimeout: server.settings.headerTimeout)
    }
}

/// A connection whose handshake is under way.
private final class PendingHandshake: TLSHandshakeDelegate {
    private let acceptor: ServerAcceptor
    private let info: ConnectionInfo

    init(acceptor: ServerAcceptor, info: ConnectionInfo) {
        self.acceptor = acceptor
        self.info = info
    }

    func handshakeDidFinish(_ stream: TLSStream) {
        acceptor.finished(stream)
        acceptor.open(stream, info)
    }

    func handshakeDidFail(_ stream: TLSStream, _ reason: StreamCloseReason) {
        acceptor.finished(stream)
        acceptor.failed(info)
    }
}

extension ServerAcceptor {
    fileprivate func finished(_ stream: TLSStream) {
        handshakes[ObjectIdentifier(stream)] = nil
    }

    fileprivate func failed(_ info: ConnectionInfo) {
        server.dismiss(info.peer)
        server.failedHandshakeCount += 1
    }
}

@available(*, unavailable)
extension ServerAcceptor: Sendable {}
