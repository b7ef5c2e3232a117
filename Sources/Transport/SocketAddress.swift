/// Where to listen: `host:port`, `[v6]:port` or `unix:/path`.
package enum ListenAddress: Sendable, Equatable, Hashable {
    /// A numeric address or `localhost`, and a port; 0 lets the kernel choose.
    case internet(host: String, port: UInt16)
    /// The path of a socket in the file system.
    case unix(path: String)

    /// - Throws: `TransportError.invalidAddress` when the text is none of the forms.
    package init(_ text: String) throws(TransportError) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            // sun_path holds 108 bytes with its terminator.
            guard !path.isEmpty, path.utf8.count < 108, !path.utf8.contains(0) else { throw .invalidAddress(text) }
            self = .unix(path: path)
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw .invalidAddress(text)
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            throw .invalidAddress(text)
        }
        self = .internet(host: host, port: port)
    }
}

extension ListenAddress: CustomStringConvertible {
    package var description: String {
        switch self {
        case .internet(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}

/// The far end of an accepted connection.
package struct PeerAddress: Sendable {
    /// The numeric address without the port; empty for a local socket.
    package let host: String
    package let port: UInt16
    /// The address's bytes: 4 or 16 of them, none for a local socket.
    ///
    /// An IPv4 address mapped into IPv6 has 4.
    package let bytes: [UInt8]

    package init(host: String, port: UInt16, bytes: [UInt8]) {
        self.host = host
        self.port = port
        self.bytes = bytes
    }
}
