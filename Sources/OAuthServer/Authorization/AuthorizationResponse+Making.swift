extension AuthorizationServer {
    /// The response that carries a code (RFC 6749 §4.1.2).
    func success(code: String, to redirectURI: RedirectURI, state: String?) -> AuthorizationResponse {
        response([("code", code)], error: nil, to: redirectURI, state: state)
    }

    /// The response that says why there is no code (RFC 6749 §4.1.2.1).
    func refusal(_ error: OAuthError, to redirectURI: RedirectURI, state: String?) -> AuthorizationResponse {
        let parameters = [("error", error.code.rawValue), ("error_description", error.description)]
        return response(parameters, error: error, to: redirectURI, state: state)
    }

    private func response(
        _ parameters: [(name: String, value: String)],
        error: OAuthError?,
        to redirectURI: RedirectURI,
        state: String?
    ) -> AuthorizationResponse {
        var parameters = parameters
        if let state { parameters.append(("state", state)) }
        // RFC 9207 §2: in refusals too, against mix-up.
        parameters.append(("iss", definition.issuer))
        return AuthorizationResponse(
            redirectURI: redirectURI.text,
            target: redirectURI.target,
            error: error,
            location: redirectURI.adding(parameters)
        )
    }
}
