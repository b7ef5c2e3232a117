/// Where a listener accepts connections.
package enum ListenAddress: Sendable, Equatable {
    /// A host name or IP address (without brackets) and port; an empty host is every address, port 0 a free port.
    case tcp(host: String, port: UInt16)
    /// A socket in the file system.
    case unix(path: String)

    /// Whether only this machine can connect.
    package var isLocal: Bool {
        switch self {
        case .unix: true
        case .tcp(let host, _): host.lowercased() == "localhost" || IPAddress(host)?.isLoopback == true
        }
    }

    static func parse(_ text: String, emptyHost: String) -> ListenAddress? {
        guard let (host, port) = HostName.split(text[...]), let port, let port = HostName.parsePort(port) else {
            return nil
        }
        if host.isEmpty || host == "*" { return .tcp(host: host.isEmpty ? emptyHost : "", port: port) }
        guard let host = HostName.parse(host) else { return nil }
        return .tcp(host: host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host, port: port)
    }
}

extension ListenAddress: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unix(let path): "unix:\(path)"
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host.isEmpty ? "*" : host):\(port)"
        }
    }
}

extension Kind where Value == ListenAddress {
    /// An address to listen on; `emptyHost` is what `:8080` means.
    static func listenAddress(emptyHost: String) -> Kind {
        let words = "an address such as \"127.0.0.1:8443\", \"[::]:8443\", \":8443\" or \"unix:/path\""
        return .text(words) { (text, cursor) throws(ValueFault) in
            if text.hasPrefix("unix:") {
                let path = String(text.dropFirst(5))
                guard !path.isEmpty, !path.utf8.contains(0) else { throw ValueFault("a socket without a path") }
                let resolved = cursor.context.resolve(path: path)
                // sockaddr_un holds 108 bytes, the last of them zero.
                guard resolved.utf8.count < 108 else { throw ValueFault("a socket path over 107 bytes") }
                return .unix(path: resolved)
            }
            guard let address = ListenAddress.parse(text, emptyHost: emptyHost) else {
                throw ValueFault("not an address")
            }
            return address
        }
    }
}
