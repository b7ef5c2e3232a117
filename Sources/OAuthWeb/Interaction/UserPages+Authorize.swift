import HTTP
import JWT
import OAuthServer

extension UserPages {
    /// The authorization endpoint (RFC 6749 §3.1).
    @Sendable func authorize(_ request: WebRequest) async throws(StoreError) -> WebResponse {
        let isForm = request.method == .post
        let parameters = RequestParameters(isForm ? request.form.pairs : request.query.pairs)
        switch try await server.validate(parameters) {
        case .page(let error): return errorPage(.authorization(error), status: 400, for: request)
        case .respond(let response):
            let clientID = parameters["client_id"] ?? ""
            return try await goBack(response, to: clientID, from: request, afterForm: isForm)
        case .valid(let waiting, _):
            // A form on the client's page comes without our cookie (SameSite=Lax); the redirect that follows it has it.
            if isForm, let location = continuation(of: waiting) { return .redirect(to: location) }
            return try await next(waiting, for: request, afterForm: isForm)
        }
    }

    /// Goes on with a request after a form; the address is in no link but this server's own.
    @Sendable func goOn(_ request: WebRequest) async throws(StoreError) -> WebResponse {
        guard let waiting = opened(request.query["request"]) else {
            return errorPage(.formExpired, status: 400, for: request)
        }
        return try await next(waiting, for: request, afterForm: true)
    }

    /// Shows what comes next for a request.
    ///
    /// - Parameter afterForm: Whether a form, or a redirect after one, led here.
    func next(
        _ waiting: AuthorizationRequest,
        for request: WebRequest,
        afterForm: Bool
    ) async throws(StoreError) -> WebResponse {
        let session = try await signIn.current(request.cookies[cookies.session.name])
        let step = try await server.decide(waiting, signedIn: session.user?.signedInUser)
        return try await show(step, of: waiting, session, for: request, afterForm: afterForm)
    }

    /// Shows a step.
    func show(
        _ step: AuthorizationStep,
        of waiting: AuthorizationRequest,
        _ session: SessionState,
        for request: WebRequest,
        afterForm: Bool
    ) async throws(StoreError) -> WebResponse {
        var response: WebResponse
        switch step {
        case .signIn(let prompt):
            let client = try await client(of: waiting)
            response = loginPage(prompt, session, client, waiting, for: request)
        case .consent(let prompt):
            response = show(for: request, carrying: waiting) { form in
                ConsentPage(site: site, form: form, prompt: prompt)
            }
        case .respond(let answer):
            response = try await goBack(answer, to: waiting.clientID, from: request, afterForm: afterForm)
        case .page(let error): response = errorPage(.authorization(error), status: 400, for: request)
        }
        response.clientID = waiting.clientID
        response.userName = session.user?.user.name
        return response
    }

    /// Sends the browser back to the client.
    ///
    /// Browsers hold every redirect that follows a form to the page's `form-action`, so there they get a page that leads on.
    func goBack(
        _ answer: AuthorizationResponse,
        to clientID: String,
        from request: WebRequest,
        afterForm: Bool
    ) async throws(StoreError) -> WebResponse {
        var response: WebResponse
        if afterForm, request.prefersPage {
            let client = try await server.clients.client(clientID)
            let target = TargetView(answer.target, uri: answer.redirectURI)
            response = show(
                ReturningPage(
                    site: site,
                    client: client.map(ClientView.init) ?? ClientView(name: target.host),
                    target: target,
                    location: answer.location
                )
            )
        } else {
            response = .redirect(to: answer.location)
            response.add("Referrer-Policy", "no-referrer")
        }
        response.refusal = answer.error?.reason.rawValue
        response.clientID = clientID
        return response
    }

    /// The address that goes on with a request; nil where it would be too long.
    func continuation(of waiting: AuthorizationRequest) -> String? {
        guard let sealed = sealed(waiting), sealed.utf8.count <= Self.longestSealed else { return nil }
        return "\(site.base)/continue?request=\(sealed)"
    }

    /// The client of a request, as users see it.
    func client(of waiting: AuthorizationRequest) async throws(StoreError) -> ClientView {
        let client = try await server.clients.client(waiting.clientID)
        return client.map(ClientView.init) ?? ClientView(name: ClientText.cleaned(waiting.clientID, limit: 60))
    }

    /// What surely fits into a request target, with the rest of it.
    private static let longestSealed = 6000
}

extension SessionState {
    /// Who is signed in.
    var user: CurrentSession? {
        if case .active(let current) = self { current } else { nil }
    }
}
