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
