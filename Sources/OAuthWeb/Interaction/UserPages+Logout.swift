import Bytes
import HTTP
import JWT
import OAuthServer

extension UserPages {
    /// Signing out: by the user, or as a client asks for it (OpenID Connect RP-Initiated Logout §2).
    @Sendable func logout(_ request: WebRequest) async throws(StoreError) -> WebResponse {
        guard request.method == .post else {
            return try await leave(RequestParameters(request.query.pairs), request)
        }
        guard request.form[FormGuard.fieldName] != nil else {
            // A form on the client's page comes without our cookie (SameSite=Lax); the redirect that follows it has it.
            let query = Self.query(RequestParameters(request.form.pairs))
            return .redirect(to: "\(site.base)/logout" + (query.isEmpty ? "" : "?" + query))
        }
        let parameters = carriedParameters(request)
        guard forms.isGenuine(request) else {
            return try await askWhetherToLeave(parameters, .formExpired, request)
        }
        if request.form["action"] == "stay" { return .redirect(to: accountPath) }
        return try await signOut(try await server.endSession(parameters), request)
    }

    /// A client, or a link, asks: at once where it proves who has to be signed out, else the user is asked.
    private func leave(
        _ parameters: RequestParameters,
        _ request: WebRequest
    ) async throws(StoreError) -> WebResponse {
        let wish = try await server.endSession(parameters)
        let session = try await signIn.current(request.cookies[cookies.session.name])
        guard wish.needsConfirmation(signedIn: session.user?.user.name) else {
            return try await signOut(wish, request)
        }
        return try await askWhetherToLeave(parameters, nil, request)
    }

    private func askWhetherToLeave(
        _ parameters: RequestParameters,
        _ state: SignOutPage.State?,
        _ request: WebRequest
    ) async throws(StoreError) -> WebResponse {
        let session = try await signIn.current(request.cookies[cookies.session.name])
        let wish = try await server.endSession(parameters)
        // Nobody is signed in, so nothing is to be asked.
        guard let user = session.user?.user else { return signedOut(wish, request) }
        let status = state == nil ? 200 : 400
        var response = show(for: request, sealed: sealed(parameters), status: status) { form in
            SignOutPage(
                site: site,
                form: form,
                userName: user.name,
                client: wish.client.map(ClientView.init),
                state: state
            )
        }
        response.refusal = state == nil ? nil : "form_not_genuine"
        response.userName = user.name
        return response
    }

    private func signOut(_ wish: LogoutRequest, _ request: WebRequest) async throws(StoreError) -> WebResponse {
        try await signIn.signOut(request.cookies[cookies.session.name], context: request.context)
        return signedOut(wish, request)
    }

    private func signedOut(_ wish: LogoutRequest, _ request: WebRequest) -> WebResponse {
        var back: SignedOutPage.BackView?
        if let client = wish.client, let location = wish.returnAddress, let target = wish.returnTarget {
            let host = TargetView(target, uri: location).host
            back = SignedOutPage.BackView(client: ClientText.name(of: client), host: host, location: location)
        }
        var response = show(SignedOutPage(site: site, back: back))
        // Where none came, another site may have sent the request (SameSite): it must not sign anybody out.
        if request.cookies[cookies.session.name] != nil { response.addCookie(cookies.session.removing) }
        return response
    }

    // MARK: What the client asked for, while the user thinks

    private func sealed(_ parameters: RequestParameters) -> String? {
        let query = Self.query(parameters)
        return query.isEmpty ? nil : seal.seal(Array(query.utf8), purpose: Self.logoutPurpose, at: clock())
    }

    private func carriedParameters(_ request: WebRequest) -> RequestParameters {
        guard let text = request.form["request"],
            let bytes = seal.open(text, purpose: Self.logoutPurpose, maximumAge: Self.requestLifetime, at: clock()),
            let pairs = bytes.withUnsafeBytes({ try? FormParameters($0) })
        else { return RequestParameters([]) }
        return RequestParameters(pairs.pairs)
    }

    /// The parameters that mean something, as a query.
    private static func query(_ parameters: RequestParameters) -> String {
        let pairs = carried.compactMap { name in
            parameters[name].map { "\(name)=\(PercentEncoding.encodeComponent($0))" }
        }
        return pairs.joined(separator: "&")
    }

    private static let carried = ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"]
    private static let logoutPurpose = "sign out"
}
