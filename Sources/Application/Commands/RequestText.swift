/// A request as it is asked about on the command line, put into the bytes that would come over the wire.
package struct RequestText: Sendable {
    package let method: String
    /// `https`, `http`, or empty where only a path was given.
    let scheme: String
    /// As it stands in the URL; empty where only a path was given.
    let authority: String
    let target: String
    private let fields: [String]

    /// Takes apart a URL, or a path alone, which is on the issuer's host then.
    ///
    /// - Parameters:
    ///   - fields: lines such as `Accept: text/html`; one `Host` stands for that of the URL.
    ///   - token: sent as `Authorization: Bearer`.
    /// - Throws: `ApplicationError.setup` for what could not be one request.
    package init(method: String, url: String, fields: [String], token: String?) throws(ApplicationError) {
        for text in [method, url] + fields where text.utf8.contains(where: { $0 == 0x0D || $0 == 0x0A }) {
            throw .setup("a line end in \(CommandText.printable(text))")
        }
        for field in fields where field.first == ":" || !field.contains(":") {
            throw .setup("\(CommandText.printable(field)) is no field such as 'Accept: text/html'")
        }
        self.method = method
        self.fields = fields + (token.map { ["Authorization: Bearer \($0)"] } ?? [])
        // Clients keep the fragment to themselves (RFC 9110 §7.1).
        let url = url.prefix { $0 != "#" }
        guard let separator = url.firstRange(of: "://") else {
            guard url.hasPrefix("/") || url == "*" else {
                throw .setup(
                    "\(CommandText.printable(String(url))) is neither a URL such as https://host/path nor a path"
                )
            }
            (scheme, authority, target) = ("", "", String(url))
            return
        }
        scheme = url[..<separator.lowerBound].lowercased()
        guard scheme == "https" || scheme == "http" else {
            throw .setup("\(CommandText.printable(String(url))) is no https or http URL")
        }
        let rest = url[separator.upperBound...]
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        authority = String(rest[..<end])
        target = rest[end...].hasPrefix("/") ? String(rest[end...]) : "/" + rest[end...]
    }

    /// The head over HTTP/1.1.
    func bytes(defaultAuthority: String) -> [UInt8] {
        let host = givenHost == nil ? ["Host: \(host(defaultAuthority))"] : []
        return Array((["\(method) \(target) HTTP/1.1"] + host + fields + ["", ""]).joined(separator: "\r\n").utf8)
    }

    /// The value of `Host`.
    func host(_ defaultAuthority: String) -> String {
        givenHost ?? (authority.isEmpty ? defaultAuthority : authority)
    }

    private var givenHost: String? {
        fields.first { $0.lowercased().hasPrefix("host:") }.map { CommandText.trimmed(String($0.dropFirst(5))) }
    }

    /// The port that the URL leads to.
    var port: UInt16? {
        guard let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") else {
            return scheme.isEmpty ? nil : scheme == "https" ? 443 : 80
        }
        return UInt16(authority[authority.index(after: colon)...])
    }
}
