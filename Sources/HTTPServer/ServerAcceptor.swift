import TLS
import Transport

/// What becomes of the connections that a listener accepts.
package struct AcceptorSettings: Sendable {
    /// The listener's place in the configuration.
    package var listener: Int
    /// Nil: plain HTTP.
    package var tlsContext: TLSContext?
    /// Whether clients are only told where to go.
    package var redirectsToHTTPS: Bool
    package var acceptsHTTP1: Bool
    /// With TLS by ALPN, which offers it; without by prior knowledge (RFC 9113 §3.3).
    package var acceptsHTTP2: Bool

    package init(
        listener: Int = 0,
        tlsContext: TLSContext? = nil,
        redirectsToHTTPS: Bool = false,
        acceptsHTTP1: Bool = true,
        acceptsHTTP2: Bool = false
    ) {
        self.listener = listener
        self.tlsContext = tlsContext
        self.redirectsToHTTPS = redirectsToHTTPS
        self.acceptsHTTP1 = acceptsHTTP1
        self.acceptsHTTP2 = acceptsHTTP2
    }
}

/// Makes a server connection of each accepted socket of one listener on one loop.
///
/// Confined to its event loop.
package final class ServerAcceptor {
    private let server: ServerLoop
    /// For connections to come; replaced by a reload.
    package var settings: AcceptorSettings
    private var handshakes: [ObjectIdentifier: PendingHandshake] = [:]

    package init(server: ServerLoop, settings: AcceptorSettings) {
        self.server = server
        self.settings = settings
    }

    fileprivate func open(_ stream: any ByteStream, _ info: ConnectionInfo) {
        if settings.acceptsHTTP2, !speaksHTTP1(stream) {
            HTTP2Connection(stream: stream, server: server, info: info).start()
        } else if settings.acceptsHTTP2, settings.tlsContext == nil {
            PrefaceReader(stream: stream, server: server, info: info).start()
        } else {
            HTTP1Connection(stream: stream, server: server, info: info).start()
        }
    }

    /// Whether the client may speak HTTP/1: with TLS its handshake has said so (RFC 7301), without TLS its first bytes will.
    ///
    /// Where the listener takes HTTP/2 alone, a client that has offered nothing must speak it as well.
    private func speaksHTTP1(_ stream: any ByteStream) -> Bool {
        settings.acceptsHTTP1 && (stream as? TLSStream)?.negotiatedProtocol != "h2"
    }
}

extension ServerAcceptor: ConnectionAcceptor {
    package func accepted(_ descriptor: Int32, from peer: PeerAddress, on loop: EventLoop) {
        guard let place = server.admit(peer) else {
            return TCPStream(descriptor: descriptor, loop: loop).abort()
        }
        guard place != loop.index, let other = server.sibling(place) else { return open(descriptor, from: peer) }
        let settings = settings
        other.execute { server in
            ServerAcceptor(server: server, settings: settings).open(descriptor, from: peer)
        }
    }

    /// Begins with a connection that was counted in.
    private func open(_ descriptor: Int32, from peer: PeerAddress) {
        let transport = TCPStream(descriptor: descriptor, loop: server.loop)
        let info = ConnectionInfo(
            peer: peer,
            isSecure: settings.tlsContext != nil,
            listener: settings.listener,
            redirectsToHTTPS: settings.redirectsToHTTPS
        )
        guard let tlsContext = settings.tlsContext else {
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
        server.metrics?.handshakeFailed()
    }
}

@available(*, unavailable)
extension ServerAcceptor: Sendable {}
