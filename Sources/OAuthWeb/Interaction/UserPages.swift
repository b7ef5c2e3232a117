import Crypto
import HTTP
import JWT
import OAuthServer

/// The endpoints that people see: authorize, sign in, consent, sign out, account.
///
/// How they hang together: `/authorize` checks a request and shows the page that comes next. Each page carries the request
/// sealed, so nothing is stored for it. A form that has brought the user on is answered by a redirect to `/continue` with
/// the request, which shows what comes next again; so going back or loading again never sends a password twice.
package struct UserPages: Sendable {
    let server: AuthorizationServer
    let signIn: SignIn
    let forms: FormGuard
    let seal: FormSeal
    let cookies: OwnCookie.Names
    let theme: PageTheme
    let site: SiteView
    /// Seconds since 1970.
    let clock: @Sendable () -> Int64

    /// - Parameters:
    ///   - issuerHost: Host, and port where it is not the scheme's own, as browsers show them.
    ///   - productName: What the service calls itself.
    package init(
        server: AuthorizationServer,
        signIn: SignIn,
        forms: FormGuard,
        seal: FormSeal,
        cookies: OwnCookie.Names,
        theme: PageTheme,
        issuerHost: String,
        productName: String,
        clock: @escaping @Sendable () -> Int64
    ) {
        self.server = server
        self.signIn = signIn
        self.forms = forms
        self.seal = seal
        self.cookies = cookies
        self.theme = theme
        self.clock = clock
        let base = server.definition.basePath
        site = SiteView(
            product: productName,
            host: issuerHost,
            base: base,
            style: "\(base)\(Self.styleSheetPath)?v=\(theme.version)",
            mark: "\(base)\(Self.markPath)?v=\(theme.version)"
        )
    }

    /// All of them, with what they load.
    package var all: [WebEndpoint] {
        [
            endpoint("/authorize", [.get, .post], authorize),
            endpoint("/continue", [.get], goOn),
            endpoint("/login", [.get, .post], login),
            endpoint("/consent", [.post], consent),
            endpoint("/logout", [.get, .post], logout),
            endpoint("/account", [.get, .post], account),
            asset(Self.styleSheetPath, "text/css; charset=utf-8", theme.styleSheet),
            asset(Self.markPath, "image/svg+xml", theme.mark),
        ]
    }

    private func endpoint(
        _ path: String,
        _ methods: [HTTPMethod],
        _ answer: @escaping @Sendable (WebRequest) async throws(StoreError) -> WebResponse
    ) -> WebEndpoint {
        WebEndpoint(
            path,
            methods: methods,
            refuse: { errorPage(.unreadable($1.description), status: 400, for: $0) },
            respond: { request in
                do throws(StoreError) {
                    return try await answer(request)
                } catch {
                    return unavailable(error, for: request)
                }
            }
        )
    }

    private func asset(_ path: String, _ contentType: String, _ content: [UInt8]) -> WebEndpoint {
        var response = WebResponse(status: 200, contentType: contentType, body: content)
        // Its address changes with its content.
        response.set("Cache-Control", "public, max-age=31536000, immutable")
        response.add("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
        let answer = response
        return WebEndpoint(path, methods: [.get], refuse: { _, _ in answer }, respond: { _ in answer })
    }

    private static let styleSheetPath = "/gatehouse.css"
    private static let markPath = "/mark.svg"
}
