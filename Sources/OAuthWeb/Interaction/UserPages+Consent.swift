import JWT
import OAuthServer

extension UserPages {
    /// The answer to the consent page: the only way to allow anything.
    @Sendable func consent(_ request: WebRequest) async throws(StoreError) -> WebResponse {
        guard let waiting = opened(request.form["request"]) else {
            return errorPage(.formExpired, status: 400, for: request)
        }
        let session = try await signIn.current(request.cookies[cookies.session.name])
        guard forms.isGenuine(request) else { return try await askAgain(waiting, session, for: request) }
        let user = session.user?.signedInUser
        let step: AuthorizationStep
        switch request.form["decision"] {
        case "allow":
            let ticked = request.form.values(of: "scope")
            step = try await server.allow(waiting, by: user, scopes: ticked, context: request.context)
        case "deny": step = try await server.deny(waiting, by: user, context: request.context)
        default: return try await askAgain(waiting, session, for: request)
        }
        return try await show(step, of: waiting, session, for: request, afterForm: true)
    }

    /// Shows the page again as it was left, after a form that does not count.
    private func askAgain(
        _ waiting: AuthorizationRequest,
        _ session: SessionState,
        for request: WebRequest
    ) async throws(StoreError) -> WebResponse {
        var asking = waiting
        // Else a consent that is remembered would be taken for the answer.
        asking.prompts = [.consent]
        guard case .consent(let prompt) = try await server.decide(asking, signedIn: session.user?.signedInUser) else {
            return errorPage(.formExpired, status: 400, for: request)
        }
        let ticked = request.form.values(of: "scope")
        var response = show(for: request, carrying: waiting, status: 400) { form in
            ConsentPage(site: site, form: form, prompt: prompt, ticked: ticked, state: .formExpired)
        }
        response.refusal = "form_not_genuine"
        response.clientID = waiting.clientID
        response.userName = session.user?.user.name
        return response
    }
}
