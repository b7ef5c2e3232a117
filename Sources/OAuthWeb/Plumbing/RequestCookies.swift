import Bytes
import HTTP

/// The cookies of a request (RFC 6265 §4.2).
package struct RequestCookies: Sendable, Equatable {
    private let pairs: [(name: String, value: String)]

    package init(_ pairs: [(name: String, value: String)] = []) {
        self.pairs = pairs
    }

    /// Reads those cookies of ours, by the start of their names, that a request has.
    init(_ head: RequestHead, prefixes: [String]) {
        var pairs: [(name: String, value: String)] = []
        var next = head.fields.firstIndex(of: .cookie)
        while let index = next {
            let value = head.value(index)
            var start = 0
            while start < value.count {
                let end = value.firstOffset(of: UInt8(ascii: ";"), from: start) ?? value.count
                let pair = value.slice(start..<end).trimmed
                start = end + 1
                guard let nameEnd = pair.firstOffset(of: UInt8(ascii: "=")) else { continue }
                let name = pair.slice(0..<nameEnd).text
                guard prefixes.contains(where: name.hasPrefix) else { continue }
                pairs.append((name, pair.slice((nameEnd + 1)..<pair.count).text))
            }
            next = head.fields.firstIndex(of: .cookie, from: index + 1)
        }
        self.pairs = pairs
    }

    /// The value of a cookie that is there exactly once: of two, one could be somebody else's.
    package subscript(_ name: String) -> String? {
        let values = pairs.filter { $0.name == name }
        return values.count == 1 ? values.first?.value : nil
    }

    package static func == (left: RequestCookies, right: RequestCookies) -> Bool {
        left.pairs.elementsEqual(right.pairs) { $0.name == $1.name && $0.value == $1.value }
    }
}

/// The gateway's own cookies: their names and how they are set (RFC 6265bis §4.1.3).
///
/// `__Host-` keeps everybody but this very host from setting them. Browsers take such names over https only, so an issuer
/// without TLS, which is this machine itself, goes without.
package struct OwnCookie: Sendable, Equatable {
    /// The name as it stands in fields.
    package let name: String
    private let isSecure: Bool

    /// The cookies of one issuer.
    package struct Names: Sendable, Equatable {
        /// Who is signed in: the secret of a `BrowserSession`.
        package let session: OwnCookie
        /// What forms are bound to before anybody has signed in.
        package let form: OwnCookie
        /// Which users have signed in with this browser before.
        package let browser: OwnCookie

        /// - Parameter isSecure: Whether the issuer's URL is https.
        package init(isSecure: Bool) {
            session = OwnCookie("session", isSecure: isSecure)
            form = OwnCookie("form", isSecure: isSecure)
            browser = OwnCookie("browser", isSecure: isSecure)
        }
    }

    init(_ suffix: String, isSecure: Bool) {
        name = (isSecure ? "__Host-gatehouse-" : "gatehouse-") + suffix
        self.isSecure = isSecure
    }

    /// What all names start with.
    static let prefixes = ["__Host-gatehouse-", "gatehouse-"]

    /// A `Set-Cookie` value that sets it.
    ///
    /// - Parameters:
    ///   - value: Characters of base64url and dots only.
    ///   - maximumAge: Seconds that the browser keeps it; nil until the browser is closed.
    package func setting(_ value: String, maximumAge: Int64? = nil) -> String {
        let age = maximumAge.map { "; Max-Age=\($0)" } ?? ""
        return "\(name)=\(value)\(age); Path=/\(isSecure ? "; Secure" : ""); HttpOnly; SameSite=Lax"
    }

    /// A `Set-Cookie` value that removes it.
    package var removing: String { setting("", maximumAge: 0) }
}
