import Bytes
import Crypto

/// Sees to it that a form was sent from a page of ours, in the browser that got the page (CSRF; RFC 6749 §10.12).
///
/// A form carries an authentication code of the browser's session cookie or, before there is a session, of a cookie made
/// for the purpose. Another site can make a browser send our cookies, but can neither read them nor set `__Host-` ones.
package struct FormGuard: Sendable {
    /// The name of the form's hidden field.
    package static let fieldName = "csrf"

    private let key: HMACKey
    private let cookies: OwnCookie.Names
    /// Scheme and authority of the issuer, as browsers write origins.
    private let origin: String

    package init(key: HMACKey, cookies: OwnCookie.Names, origin: String) {
        self.key = key
        self.cookies = cookies
        self.origin = origin
    }

    /// What a form that goes to this browser carries.
    ///
    /// - Parameters:
    ///   - session: The value of the session cookie as it will be after the response, where that is not what came.
    ///   - response: Is given a cookie where the browser has neither.
    package func token(for request: WebRequest, session: String? = nil, in response: inout WebResponse) -> String {
        if let session = session ?? request.cookies[cookies.session.name] { return code(of: session) }
        if let known = request.cookies[cookies.form.name], Self.isPlausible(known) { return code(of: known) }
        let value = Base64URL.encode(SecureRandom.bytes(count: 32))
        response.addCookie(cookies.form.setting(value))
        return code(of: value)
    }

    /// Whether a form came from a page that this browser got from us.
    package func isGenuine(_ request: WebRequest) -> Bool {
        guard comesFromHere(request), let code = request.form[Self.fieldName],
            let binding = request.cookies[cookies.session.name] ?? request.cookies[cookies.form.name]
        else { return false }
        return ConstantTime.equals(Array(code.utf8), Array(self.code(of: binding).utf8))
    }

    /// Whether nothing says that another site sent the form.
    private func comesFromHere(_ request: WebRequest) -> Bool {
        if let site = request.fetchSite { return site == "same-origin" }
        // Browsers that don't tell: pages with `Referrer-Policy: no-referrer` send the origin `null` (Fetch §3.2).
        guard let sent = request.origin, sent != "null" else { return true }
        return sent == origin
    }

    private func code(of binding: String) -> String {
        var message = Array("form ".utf8)
        message += binding.utf8
        return Base64URL.encode(message.withUnsafeBytes { key.authenticationCode(of: $0) })
    }

    private static func isPlausible(_ value: String) -> Bool { value.utf8.count == 43 }
}
