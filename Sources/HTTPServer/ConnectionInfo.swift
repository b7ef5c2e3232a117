import Transport

/// What is known of a client's connection; shared by its exchanges.
package final class ConnectionInfo: Sendable {
    package let peer: PeerAddress
    /// The peer's numeric address as it stands in fields; empty for a local socket.
    package let addressText: [UInt8]
    /// Whether the client speaks TLS to us.
    package let isSecure: Bool
    /// The number of the listener in the configuration.
    package let listener: Int
    /// `redirect_to_https`: everything on this listener is answered with a redirect.
    package let redirectsToHTTPS: Bool

    package init(peer: PeerAddress, isSecure: Bool, listener: Int, redirectsToHTTPS: Bool = false) {
        self.peer = peer
        addressText = Array(peer.host.utf8)
        self.isSecure = isSecure
        self.listener = listener
        self.redirectsToHTTPS = redirectsToHTTPS
    }
}
