import JWT

extension AuthorizationServer {
    /// How far a request has come.
    enum Stage {
        case consent(ConsentStage)
        /// It can't go on before, or without, this step.
        case other(AuthorizationStep)
    }

    /// Judges a request that was valid when it came in: its client, then who is signed in, then what they may allow.
    func stage(_ request: AuthorizationRequest, signedIn: SignedInUser?) async throws(StoreError) -> Stage {
        let client: OAuthClient
        let redirectURI: RedirectURI
        switch try await party(of: request) {
        case .failure(let error): return .other(.page(error))
        case .success(let party): (client, redirectURI) = party
        }
        func refuse(_ error: OAuthError) -> Stage {
            .other(.respond(refusal(error, to: redirectURI, state: request.state)))
        }
        let user: SignedInUser
        switch signInState(of: request, signedIn: signedIn) {
        case .fulfilled(let signedIn): user = signedIn
        case .refused(let error): return refuse(error)
        case .required(let prompt): return .other(.signIn(prompt))
        }
        let scopes: [ScopeDefinition]
        do throws(OAuthError) {
            scopes = try allowableScopes(of: request, client: client, user: user)
        } catch {
            return refuse(error)
        }
        let now = clock()
        let isRemembered = remembersConsent(for: redirectURI.target)
        let consent = isRemembered ? try await store.consent(user: user.name, client: client.id, at: now) : nil
        let prompt = ConsentPrompt(
            client: client,
            user: user,
            items: items(scopes, of: client, allowed: consent?.scopes ?? []),
            redirectURI: redirectURI.text,
            redirectTarget: redirectURI.target,
            isRemembered: isRemembered,
            consentLifetime: definition.consentLifetime
        )
        return .consent(ConsentStage(request: request, redirectURI: redirectURI, prompt: prompt, consent: consent))
    }

    /// The client of a request and where its answer goes, looked up again: a client can be changed or removed meanwhile.
    func party(
        of request: AuthorizationRequest
    ) async throws(StoreError) -> Result<(OAuthClient, RedirectURI), AuthorizationPageError> {
        guard let client = try await clients.client(request.clientID) else {
            return .failure(.unknownClient(id: request.clientID))
        }
        do throws(AuthorizationPageError) {
            return .success((client, try client.redirectURI(for: request.redirectURI)))
        } catch {
            return .failure(error)
        }
    }

    /// Whether an answer can stand for the next request too.
    ///
    /// Not where any program on the device could ask in the client's name (RFC 8252 §8.6).
    private func remembersConsent(for target: RedirectTarget) -> Bool {
        guard case .web = target else { return false }
        return definition.consentLifetime > 0
    }

    private func items(_ scopes: [ScopeDefinition], of client: OAuthClient, allowed: [String]) -> [ConsentItem] {
        let allowed = definition.scopes.expanded(allowed)
        return scopes.map { scope in
            ConsentItem(
                scope: scope.name,
                description: scope.description,
                isRequired: scope.name == "openid" || client.requiredScopes.contains(scope.name),
                implied: definition.scopes.implied(by: scope.name).compactMap { definition.scopes[$0] },
                wasAllowed: allowed.contains(scope.name)
            )
        }
    }
}
