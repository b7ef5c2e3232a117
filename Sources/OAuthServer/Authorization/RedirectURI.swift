import Bytes

/// A redirect URI taken apart as far as it has to be understood: where it leads, and what may vary.
///
/// Comparing is by bytes (RFC 9700 §4.1.3): nothing is decoded, normalised or resolved.
struct RedirectURI: Equatable {
    let text: String
    let scheme: Substring
    /// With the brackets of an IPv6 address; empty where there is no authority.
    let host: Substring
    /// Without the colon; nil where there is none.
    let port: Substring?
    /// The path and the query, as they are.
    let rest: Substring

    /// An absolute URI without a fragment (RFC 6749 §3.1.2) and without user information; nil for anything else.
    init?(_ text: String) {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && !Self.excluded.contains($0) }),
            let colon = text.utf8.firstIndex(of: UInt8(ascii: ":"))
        else { return nil }
        self.text = text
        scheme = text[..<colon]
        guard let first = scheme.utf8.first, Self.isLetter(first), scheme.utf8.allSatisfy(Self.isSchemeByte),
            !Self.schemesOfContent.contains(scheme.lowercased())
        else { return nil }
        let afterScheme = text[text.utf8.index(after: colon)...]
        guard afterScheme.hasPrefix("//") else {
            host = ""
            port = nil
            rest = afterScheme
            return
        }
        let afterSlashes = afterScheme.dropFirst(2)
        let end = afterSlashes.utf8.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") }
        let authority = afterSlashes[..<(end ?? afterSlashes.endIndex)]
        guard let (host, port) = Self.split(authority) else { return nil }
        self.host = host
        self.port = port
        rest = afterSlashes[(end ?? afterSlashes.endIndex)...]
    }

    /// Whether this one of a request is the registered one.
    ///
    /// The port of a loopback redirect may vary: a native app gets it from its system at run time (RFC 8252 §7.3).
    func matches(registered: RedirectURI) -> Bool {
        if text.utf8.elementsEqual(registered.text.utf8) { return true }
        return registered.hasVaryingPort && scheme == registered.scheme && host == registered.host
            && rest.utf8.elementsEqual(registered.rest.utf8) && hasUsablePort
    }

    /// What kind of place it leads to.
    var target: RedirectTarget {
        let name = scheme.lowercased()
        guard name == "https" || name == "http" else { return .privateUse(scheme: String(scheme)) }
        let host = self.host.lowercased()
        if host == "localhost" || host == "[::1]" || Self.isLoopbackAddress(host) {
            return .loopback(host: hostAndPort, isLocalhostName: host == "localhost")
        }
        return .web(host: hostAndPort)
    }

    /// The URI with parameters added to its query, which it keeps (RFC 6749 §3.1.2, §4.1.2).
    func adding(_ parameters: [(name: String, value: String)]) -> String {
        let query = parameters.map { "\($0.name)=\(PercentEncoding.encodeComponent($0.value))" }.joined(separator: "&")
        let separator = !text.contains("?") ? "?" : text.hasSuffix("?") || text.hasSuffix("&") ? "" : "&"
        return text + separator + query
    }

    private var hostAndPort: String {
        let standard = scheme.lowercased() == "https" ? "443" : "80"
        guard let port, !port.isEmpty, port != standard else { return host.lowercased() }
        return "\(host.lowercased()):\(port)"
    }

    private var hasVaryingPort: Bool {
        scheme == "http" && (host == "127.0.0.1" || host == "[::1]" || host == "localhost")
    }

    private var hasUsablePort: Bool {
        guard let port else { return true }
        return port.utf8.count <= 5 && (Int(port).map { (1...65535).contains($0) } ?? false)
    }

    private static func split(_ authority: Substring) -> (host: Substring, port: Substring?)? {
        // User information in front of a host is there to deceive.
        guard !authority.isEmpty, !authority.contains("@") else { return nil }
        let hostEnd: Substring.Index
        if authority.first == "[" {
            guard let bracket = authority.firstIndex(of: "]") else { return nil }
            hostEnd = authority.index(after: bracket)
        } else {
            hostEnd = authority.firstIndex(of: ":") ?? authority.endIndex
        }
        let host = authority[..<hostEnd]
        let tail = authority[hostEnd...]
        guard !host.isEmpty else { return nil }
        guard !tail.isEmpty else { return (host, nil) }
        let port = tail.dropFirst()
        guard tail.first == ":", port.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return (host, port)
    }

    private static func isLoopbackAddress(_ host: String) -> Bool {
        host.hasPrefix("127.") && host.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }

    private static func isSchemeByte(_ byte: UInt8) -> Bool {
        isLetter(byte) || (0x30...0x39).contains(byte) || "+-.".utf8.contains(byte)
    }

    /// Where these lead, there is no client but content that runs or shows as ours.
    private static let schemesOfContent = ["javascript", "data", "vbscript", "blob", "file", "about"]

    /// What a URI can't have (RFC 3986 §2), the fragment's sign, and the backslash that browsers take for a slash.
    private static let excluded = Array("\"#<>\\^`{|}".utf8)
}

extension OAuthClient {
    /// The redirect URI to use for a request, by what it says and what is registered (RFC 6749 §3.1.2.3).
    /// - Throws: `redirectURINotRegistered`, `malformed`; never tell the client (§4.1.2.1).
    func redirectURI(for requested: String?) throws(AuthorizationPageError) -> RedirectURI {
        let registered = redirectURIs.compactMap(RedirectURI.init)
        if let requested {
            guard let uri = RedirectURI(requested), registered.contains(where: uri.matches(registered:)) else {
                throw .redirectURINotRegistered(client: self, uri: requested)
            }
            return uri
        }
        guard let only = registered.first, redirectURIs.count == 1 else {
            throw .malformed(detail: "It did not say where to send you.")
        }
        return only
    }
}
