import JWT

extension AuthorizationServer {
    /// Checks an authorization request (RFC 6749 §4.1.1), whoever may be signed in.
    /// - Throws: when the store can't answer.
    package func validate(_ parameters: RequestParameters) async throws(StoreError) -> AuthorizationValidation {
        // Until the client and its redirect URI are known to be right, nothing goes back (RFC 6749 §4.1.2.1).
        guard !parameters.isRepeated("client_id"), !parameters.isRepeated("redirect_uri") else {
            return .page(.malformed(detail: "It named itself or its address more than once."))
        }
        guard let id = parameters["client_id"], let client = try await clients.client(id) else {
            return .page(.unknownClient(id: parameters["client_id"]))
        }
        let redirectURI: RedirectURI
        do throws(AuthorizationPageError) {
            redirectURI = try client.redirectURI(for: parameters["redirect_uri"])
        } catch {
            return .page(error)
        }
        do throws(OAuthError) {
            return .valid(try await request(parameters, of: client, to: redirectURI), client)
        } catch {
            // Of a repeated state nobody knows which is right.
            let state = parameters.isRepeated("state") ? nil : parameters["state"]
            return .respond(refusal(error, to: redirectURI, state: state))
        }
    }

    private func request(
        _ parameters: RequestParameters,
        of client: OAuthClient,
        to redirectURI: RedirectURI
    ) async throws(OAuthError) -> AuthorizationRequest {
        try parameters.checkNotRepeated()
        try checkSupported(parameters)
        guard client.grantTypes.contains(.authorizationCode) else {
            throw OAuthError(
                .unauthorizedClient,
                "The client is not registered for authorization_code.",
                reason: .grantTypeNotRegistered
            )
        }
        try checkSizes(parameters)
        let scopes = try scopes(parameters["scope"], of: client)
        // OpenID Connect Core §3.1.2.1 makes it required.
        guard parameters["redirect_uri"] != nil || !scopes.contains("openid") else {
            throw OAuthError(.invalidRequest, "redirect_uri is required with openid.", reason: .missingRedirectURI)
        }
        let resource = try resource(parameters)
        let codeChallenge = try codeChallenge(parameters, of: client)
        let requirements = try await signInRequirements(parameters, of: client)
        return AuthorizationRequest(
            clientID: client.id,
            redirectURI: redirectURI.text,
            redirectURIWasSent: parameters["redirect_uri"] != nil,
            state: parameters["state"],
            scopes: scopes,
            resource: resource,
            nonce: parameters["nonce"],
            codeChallenge: codeChallenge,
            prompts: requirements.prompts,
            maximumAge: requirements.maximumAge,
            loginHint: requirements.loginHint,
            requiredUser: requirements.requiredUser,
            receivedAt: clock()
        )
    }

    /// Refuses what this server does not do.
    private func checkSupported(_ parameters: RequestParameters) throws(OAuthError) {
        guard let responseType = parameters["response_type"] else {
            throw OAuthError(.invalidRequest, "response_type is required.", reason: .malformedRequest)
        }
        // The implicit and hybrid ways put tokens into URLs (RFC 9700 §2.1.2).
        guard responseType == "code" else {
            throw OAuthError(
                .unsupportedResponseType,
                "response_type must be code.",
                reason: .unsupportedResponseType
            )
        }
        // OpenID Connect Core §6, §7.2.1: what is not supported must not be ignored.
        let unsupported: [(String, OAuthError.Code)] = [
            ("request", .requestNotSupported), ("request_uri", .requestURINotSupported),
            ("registration", .registrationNotSupported),
        ]
        for (name, code) in unsupported where parameters[name] != nil {
            throw OAuthError(code, "\(name) is not supported.", reason: .unsupportedParameter)
        }
        guard parameters["response_mode"] ?? "query" == "query" else {
            throw OAuthError(.invalidRequest, "response_mode must be query.", reason: .unsupportedResponseMode)
        }
    }

    /// Bounds what is carried along, stored and sent back.
    private func checkSizes(_ parameters: RequestParameters) throws(OAuthError) {
        for (name, limit) in [("state", 4096), ("nonce", 1024), ("scope", 4096)] {
            guard (parameters[name]?.utf8.count ?? 0) <= limit else {
                throw OAuthError(.invalidRequest, "\(name) is too long.", reason: .malformedRequest)
            }
        }
    }
}
