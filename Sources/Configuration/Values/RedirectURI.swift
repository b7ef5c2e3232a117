/// Where an authorization response may go (RFC 6749 §3.1.2, RFC 8252 §7).
package struct RedirectURI: Sendable, Equatable {
    /// What kind of place it is.
    package enum Kind: Sendable, Equatable {
        case web(host: String)
        /// A program on the user's own machine, on any port (RFC 8252 §7.3).
        case loopback(host: String)
        /// A program that has claimed a scheme for itself (RFC 8252 §7.1).
        case privateUse(scheme: String)
    }

    /// The text exactly as written: that is how it is compared.
    package let text: String
    package let kind: Kind

    /// - Throws: `RedirectURIFault` for one that could lead a code to somebody else.
    package init(_ text: String) throws(RedirectURIFault) {
        guard text.utf8.count <= 2048, Self.isURI(text), let colon = text.firstIndex(of: ":") else {
            throw RedirectURIFault("not an absolute URI")
        }
        // RFC 6749 §3.1.2: it must not include a fragment.
        guard !text.contains("#") else { throw RedirectURIFault("a redirect URI with a fragment") }
        let scheme = text[..<colon].lowercased()
        switch scheme {
        case "https", "http": kind = try Self.webKind(text)
        default: kind = try Self.privateUseKind(scheme)
        }
        self.text = text
    }

    /// The hosts of which the port may vary (RFC 8252 §7.3).
    private static let loopbackHosts: Set<String> = ["127.0.0.1", "[::1]", "localhost"]

    private static func webKind(_ text: String) throws(RedirectURIFault) -> Kind {
        let beforeQuery = text.prefix { $0 != "?" }
        guard !authority(beforeQuery).contains("@") else { throw RedirectURIFault("a redirect URI with a user name") }
        guard let url = WebURL(String(beforeQuery)) else { throw RedirectURIFault("not a URL") }
        if loopbackHosts.contains(url.host), url.scheme == "http" { return .loopback(host: url.host) }
        guard url.scheme == "https" else {
            throw RedirectURIFault("a redirect URI without TLS; \"http\" is for 127.0.0.1, [::1] and localhost")
        }
        return .web(host: url.host)
    }

    /// What stands between the two slashes and the path.
    private static func authority(_ text: Substring) -> Substring {
        text.drop { $0 != "/" }.drop { $0 == "/" }.prefix { $0 != "/" }
    }

    private static func privateUseKind(_ scheme: String) throws(RedirectURIFault) -> Kind {
        let isScheme =
            scheme.first?.isLetter == true && scheme.allSatisfy { $0.isLetter || $0.isNumber || "+-.".contains($0) }
        guard isScheme else { throw RedirectURIFault("not an absolute URI") }
        // RFC 8252 §8.4: others, among them those that run scripts, are anybody's.
        guard scheme.contains(".") else {
            throw RedirectURIFault("a scheme that is no domain name in reverse, such as \"com.example.app:/callback\"")
        }
        return .privateUse(scheme: scheme)
    }

    /// Printable ASCII that RFC 3986 knows, with whole escapes.
    private static func isURI(_ text: String) -> Bool {
        WebURL.escapesAreComplete(text[...])
            && text.utf8.allSatisfy { WebURL.isPathByte($0) || "?#[]".utf8.contains($0) }
    }
}

/// Why a text can't be a redirect URI.
package struct RedirectURIFault: Error, Sendable, Equatable {
    package let problem: String

    fileprivate init(_ problem: String) {
        self.problem = problem
    }
}

extension Kind where Value == RedirectURI {
    static var redirectURI: Kind {
        .text("an https URL, an http URL of this machine, or a URI such as \"com.example.app:/callback\"") {
            (text, _) throws(ValueFault) in
            do throws(RedirectURIFault) {
                return try RedirectURI(text)
            } catch {
                throw ValueFault(error.problem)
            }
        }
    }
}
