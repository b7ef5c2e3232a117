import JWT
import OAuthServer

extension UserPages {
    /// A page as a response.
    func show(_ page: some PageModel, status: Int = 200, retryAfter: Int64? = nil) -> WebResponse {
        var response = WebResponse.html(theme.templates.render(page), status: status)
        // CSP Level 3. No `Cross-Origin-Opener-Policy`: clients that open these pages in a popup would lose it.
        response.add("Content-Security-Policy", Self.contentSecurityPolicy)
        response.add("Referrer-Policy", "no-referrer")
        if let retryAfter { response.add("Retry-After", String(max(retryAfter, 1))) }
        return response
    }

    /// A page with forms; gives the browser the cookie that they are bound to.
    ///
    /// - Parameter waiting: The authorization request that the forms carry.
    func show<Page: PageModel>(
        for request: WebRequest,
        carrying waiting: AuthorizationRequest? = nil,
        status: Int = 200,
        retryAfter: Int64? = nil,
        _ make: (FormView) -> Page
    ) -> WebResponse {
        show(for: request, sealed: waiting.flatMap(sealed), status: status, retryAfter: retryAfter, make)
    }

    /// The same with what the forms carry sealed already.
    func show<Page: PageModel>(
        for request: WebRequest,
        sealed: String?,
        status: Int = 200,
        retryAfter: Int64? = nil,
        _ make: (FormView) -> Page
    ) -> WebResponse {
        var cookie = WebResponse(status: status)
        let form = FormView(csrf: forms.token(for: request, in: &cookie), request: sealed)
        var response = show(make(form), status: status, retryAfter: retryAfter)
        for (name, value) in cookie.fields where name == "Set-Cookie" { response.addCookie(value) }
        return response
    }

    func errorPage(_ problem: ErrorPage.Problem, status: Int, for request: WebRequest) -> WebResponse {
        var response = show(
            ErrorPage(site: site, problem: problem, requestID: request.requestID, unixTime: clock()),
            status: status
        )
        response.refusal = problem.reason
        return response
    }

    /// The storage does not answer: nobody knows what is true.
    func unavailable(_ error: StoreError, for request: WebRequest) -> WebResponse {
        var response = errorPage(.unavailable, status: 503, for: request)
        response.add("Retry-After", String(Self.retryAfter))
        return response
    }

    // MARK: Sealing

    func sealed(_ request: AuthorizationRequest) -> String? {
        seal.seal(request.encoded(), purpose: Self.requestPurpose, at: clock())
    }

    /// The request that a form or an address carries; nil where it carries none, or one that is too old or not ours.
    func opened(_ text: String?) -> AuthorizationRequest? {
        guard let text else { return nil }
        let bytes = seal.open(text, purpose: Self.requestPurpose, maximumAge: Self.requestLifetime, at: clock())
        return bytes.flatMap(AuthorizationRequest.init(encoded:))
    }

    private static let contentSecurityPolicy = """
        default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'
        """
    private static let requestPurpose = "authorization request"
    /// How long a page may be open, in seconds.
    static let requestLifetime: Int64 = 4 * 3600
    /// Seconds that a client is asked to wait for the storage.
    static let retryAfter: Int64 = 30
}

extension ErrorPage.Problem {
    /// A word for the access log and the metrics.
    fileprivate var reason: String {
        switch self {
        case .authorization(.unknownClient): "unknown_client"
        case .authorization(.redirectURINotRegistered): "redirect_uri_not_registered"
        case .authorization(.malformed), .unreadable: "malformed_request"
        case .formExpired: "form_not_genuine"
        case .unavailable: "storage_unavailable"
        }
    }
}
