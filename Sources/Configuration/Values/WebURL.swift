/// An `http`, `https` or `h2c` URL without user, query and fragment.
package struct WebURL: Sendable, Equatable {
    /// The text exactly as written.
    package let text: String
    package let scheme: String
    /// In lower case; an IPv6 address stands in brackets.
    package let host: String
    package let port: UInt16
    /// The path as written; empty if there is none.
    package let path: String

    /// The host, with the port if it is not the scheme's own.
    package var authority: String { port == Self.defaultPort(of: scheme) ? host : "\(host):\(port)" }

    /// The host as sockets take it: an IPv6 address without brackets.
    package var socketHost: String { host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host }

    /// Whether the host is this machine itself.
    package var isLoopback: Bool {
        host == "localhost" || host.hasSuffix(".localhost") || IPAddress(socketHost)?.isLoopback == true
    }

    package init?(_ text: String) {
        guard text.utf8.count <= 2048, let separator = text.firstIndex(of: ":"),
            text[separator...].hasPrefix("://")
        else { return nil }
        let scheme = text[..<separator].lowercased()
        guard let defaultPort = Self.defaultPort(of: scheme) else { return nil }
        let rest = text[text.index(separator, offsetBy: 3)...]
        let pathStart = rest.firstIndex(of: "/") ?? rest.endIndex
        guard rest[pathStart...].utf8.allSatisfy(Self.isPathByte), Self.escapesAreComplete(rest[pathStart...]),
            let (host, port) = HostName.split(rest[..<pathStart]), let host = HostName.parse(host)
        else { return nil }
        guard let port = port.map({ HostName.parsePort($0) }) ?? defaultPort, port > 0 else { return nil }
        self.text = text
        self.scheme = scheme
        self.host = host
        self.port = port
        path = String(rest[pathStart...])
    }

    private static func defaultPort(of scheme: String) -> UInt16? {
        switch scheme {
        case "https": 443
        case "http", "h2c": 80
        default: nil
        }
    }

    /// RFC 3986 §3.3: pchar and the slash; no query, no fragment.
    static func isPathByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~!$&'()*+,;=:@/%".utf8.contains(byte)
        }
    }

    static func escapesAreComplete(_ path: Substring) -> Bool {
        let bytes = Array(path.utf8)
        return bytes.indices.allSatisfy { index in
            bytes[index] != UInt8(ascii: "%")
                || index + 2 < bytes.count && bytes[index + 1].isHexadecimalDigit && bytes[index + 2].isHexadecimalDigit
        }
    }
}

extension UInt8 {
    fileprivate var isHexadecimalDigit: Bool { Character(UnicodeScalar(self)).isHexDigit && self < 0x80 }
}

extension Kind where Value == WebURL {
    /// The URL of an issuer: https, or http on this machine only (RFC 8414 §2).
    static var issuerURL: Kind {
        .text("an https URL without query and fragment", pattern: "^https?://[^?#\\s]+$") {
            (text, _) throws(ValueFault) in
            guard let url = WebURL(text), url.scheme != "h2c" else { throw ValueFault("not an https URL") }
            guard url.scheme == "https" || url.isLoopback else { throw ValueFault("an issuer without TLS") }
            return url
        }
    }
}
