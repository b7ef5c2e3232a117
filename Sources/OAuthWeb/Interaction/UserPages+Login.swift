import Foundation
import HTTP
import JWT
import OAuthServer

extension UserPages {
    /// The sign-in page and its form.
    @Sendable func login(_ request: WebRequest) async throws(StoreError) -> WebResponse {
        guard request.method == .post else { return try await loginAlone(request) }
        let sealed = request.form["request"]
        let waiting = opened(sealed)
        guard sealed == nil || waiting != nil else { return errorPage(.formExpired, status: 400, for: request) }
        guard forms.isGenuine(request) else {
            return try await again(.formExpired, waiting, for: request)
        }
        switch request.form["action"] {
        case "cancel": return try await cancel(waiting, for: request)
        case "switch": return try await switchAccount(waiting, for: request)
        default: return try await signIn(waiting, for: request)
        }
    }

    /// For users who came by themselves.
    private func loginAlone(_ request: WebRequest) async throws(StoreError) -> WebResponse {
        let session = try await signIn.current(request.cookies[cookies.session.name])
        guard session.user == nil else { return .redirect(to: accountPath) }
        return loginPage(.first, session, nil, nil, for: request)
    }

    /// The sign-in page as it is shown first.
    func loginPage(
        _ prompt: SignInPrompt,
        _ session: SessionState,
        _ client: ClientView?,
        _ waiting: AuthorizationRequest?,
        for request: WebRequest
    ) -> WebResponse {
        let hint = ClientText.cleaned((waiting?.loginHint ?? "").asUserName, limit: Self.longestName)
        let state: LoginPage.State? = if case .expired = session { .sessionExpired } else { nil }
        return show(for: request, carrying: waiting) { form in
            switch prompt {
            case .first:
                LoginPage(site: site, form: form, client: client, userName: hint, state: state)
            case .confirm(let user):
                LoginPage(site: site, form: form, client: client, userName: user, confirms: true)
            case .otherAccount(let user):
                LoginPage(
                    site: site,
                    form: form,
                    client: client,
                    userName: user,
                    signedIn: session.user?.user.name
                )
            }
        }
    }

    /// The sign-in page again, with what was typed, and why.
    private func again(
        _ state: LoginPage.State,
        _ waiting: AuthorizationRequest?,
        retryAfter: Int64? = nil,
        for request: WebRequest
    ) async throws(StoreError) -> WebResponse {
        var client: ClientView?
        if let waiting { client = try await self.client(of: waiting) }
        let name = String(typedName(request).prefix(Self.longestName))
        var response = show(for: request, carrying: waiting, status: state.status, retryAfter: retryAfter) { form in
            LoginPage(
                site: site,
                form: form,
                client: client,
                userName: name,
                state: state,
                retryAfter: Int(clamping: retryAfter ?? 0)
            )
        }
        response.refusal = state.reason
        response.clientID = waiting?.clientID
        return response
    }

    private func signIn(
        _ waiting: AuthorizationRequest?,
        for request: WebRequest
    ) async throws(StoreError) -> WebResponse {
        let name = typedName(request)
        guard let password = request.form["password"], !name.isEmpty, !password.isEmpty else {
            return try await again(.incomplete, waiting, for: request)
        }
        let form = SignInForm(
            name: name,
            password: password,
            sessionCookie: request.cookies[cookies.session.name],
            browserCookie: request.cookies[cookies.browser.name]
        )
        let outcome: SignInOutcome
        do throws(StoreError) {
            outcome = try await signIn.signIn(form, context: request.context)
        } catch {
            return try await again(.unavailable, waiting, retryAfter: Self.retryAfter, for: request)
        }
        switch outcome {
        case .signedIn(let started): return try await welcome(started, waiting, for: request)
        case .failed: return try await again(.mismatch, waiting, for: request)
        case .throttled(let retryAfter):
            return try await again(.throttled, waiting, retryAfter: retryAfter, for: request)
        case .busy(let retryAfter): return try await again(.busy, waiting, retryAfter: retryAfter, for: request)
        }
    }

    /// Somebody has signed in: their browser gets its cookies and goes on.
    private func welcome(
        _ started: StartedSession,
        _ waiting: AuthorizationRequest?,
        for request: WebRequest
    ) async throws(StoreError) -> WebResponse {
        var response: WebResponse
        if var waiting {
            waiting.hasSignedIn = true
            if let location = continuation(of: waiting) {
                response = .redirect(to: location)
            } else {
                response = try await goOn(waiting, started, for: request)
            }
        } else if request.prefersPage {
            response = show(SignedInPage(site: site, location: accountPath))
        } else {
            response = .redirect(to: accountPath)
        }
        response.addCookie(cookies.session.setting(started.cookie))
        response.addCookie(cookies.browser.setting(started.browserCookie, maximumAge: Self.browserLifetime))
        response.userName = started.current.user.name
        response.clientID = waiting?.clientID
        return response
    }

    /// Where the request is too long for an address, what comes next is the answer to the form.
    private func goOn(
        _ waiting: AuthorizationRequest,
        _ started: StartedSession,
        for request: WebRequest
    ) async throws(StoreError) -> WebResponse {
        var request = request
        request.cookies = RequestCookies([(cookies.session.name, started.cookie)])
        return try await next(waiting, for: request, afterForm: true)
    }

    private func cancel(
        _ waiting: AuthorizationRequest?,
        for request: WebRequest
    ) async throws(StoreError) -> WebResponse {
        guard let waiting else { return .redirect(to: accountPath) }
        let session = try await signIn.current(request.cookies[cookies.session.name])
        let step = try await server.deny(waiting, by: session.user?.signedInUser, context: request.context)
        return try await show(step, of: waiting, session, for: request, afterForm: true)
    }

    /// Lets somebody else sign in; until they have, the user stays signed in.
    private func switchAccount(
        _ waiting: AuthorizationRequest?,
        for request: WebRequest
    ) async throws(StoreError) -> WebResponse {
        let session = try await signIn.current(request.cookies[cookies.session.name])
        var client: ClientView?
        if let waiting { client = try await self.client(of: waiting) }
        return show(for: request, carrying: waiting) { form in
            LoginPage(site: site, form: form, client: client, signedIn: session.user?.user.name)
        }
    }

    /// What was typed as the name; phones put a space behind what they complete.
    private func typedName(_ request: WebRequest) -> String {
        let name = request.form["username"] ?? ""
        return String(name.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()).asUserName
    }

    var accountPath: String { site.base + "/account" }

    private static let longestName = 200
    /// How long a browser is known again, in seconds: a year.
    private static let browserLifetime: Int64 = 31_536_000
}

extension LoginPage.State {
    /// A word for the access log and the metrics; nil where nothing was refused.
    fileprivate var reason: String? {
        switch self {
        case .mismatch: "login_failed"
        case .incomplete: "malformed_request"
        case .throttled: "login_throttled"
        case .formExpired: "form_not_genuine"
        case .busy: "overloaded"
        case .unavailable: "storage_unavailable"
        case .sessionExpired: nil
        }
    }
}

extension String {
    /// The text in the form in which user names are stored (NFC): some keyboards send letters and accents apart.
    fileprivate var asUserName: String { precomposedStringWithCanonicalMapping }
}
