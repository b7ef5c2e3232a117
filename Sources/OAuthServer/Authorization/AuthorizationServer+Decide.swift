import JWT

extension AuthorizationServer {
    /// What comes next for a valid request: the user signs in, is asked, or goes back to the client.
    ///
    /// A code is issued here where the user has allowed the same before.
    /// - Throws: when the store can't answer.
    package func decide(
        _ request: AuthorizationRequest,
        signedIn: SignedInUser?
    ) async throws(StoreError) -> AuthorizationStep {
        let stage: ConsentStage
        switch try await self.stage(request, signedIn: signedIn) {
        case .other(let step): return step
        case .consent(let reached): stage = reached
        }
        if stage.isAllowedAlready, !request.prompts.contains(.consent) {
            return .respond(try await issueCode(for: stage, scopes: stage.prompt.items.map(\.scope)))
        }
        // OpenID Connect Core §3.1.2.1: nothing may be asked.
        guard !request.prompts.contains(.none) else {
            let error = OAuthError(.consentRequired, "The user has to be asked.", reason: .notConsented)
            return .respond(refusal(error, to: stage.redirectURI, state: request.state))
        }
        return .consent(stage.prompt)
    }

    /// The user allows scopes: those that were ticked, with those that can't be unticked.
    ///
    /// Everything is judged again, so a step other than `respond` can come out: the user may have signed out.
    /// - Throws: when the store can't answer.
    package func allow(
        _ request: AuthorizationRequest,
        by user: SignedInUser?,
        scopes ticked: [String],
        context: RequestContext
    ) async throws(StoreError) -> AuthorizationStep {
        let stage: ConsentStage
        switch try await self.stage(request, signedIn: user) {
        case .other(let step): return step
        case .consent(let reached): stage = reached
        }
        let scopes = stage.chosen(ticked)
        guard !scopes.isEmpty || stage.prompt.items.isEmpty else {
            return .respond(denial(of: request, to: stage.redirectURI, by: user, context: context))
        }
        try await remember(scopes, stage)
        let name = stage.prompt.user.name
        audit.record(AuditEvent(.consent, user: name, client: request.clientID, scopes: scopes, context: context))
        return .respond(try await issueCode(for: stage, scopes: scopes))
    }

    /// The user says no, or goes back without signing in.
    /// - Throws: when the store can't answer.
    package func deny(
        _ request: AuthorizationRequest,
        by user: SignedInUser?,
        context: RequestContext
    ) async throws(StoreError) -> AuthorizationStep {
        switch try await party(of: request) {
        case .failure(let error): .page(error)
        case .success(let party): .respond(denial(of: request, to: party.1, by: user, context: context))
        }
    }

    private func denial(
        of request: AuthorizationRequest,
        to redirectURI: RedirectURI,
        by user: SignedInUser?,
        context: RequestContext
    ) -> AuthorizationResponse {
        audit.record(
            AuditEvent(
                .consentDenied,
                user: user?.name,
                client: request.clientID,
                scopes: request.scopes,
                context: context
            )
        )
        let error = OAuthError(.accessDenied, "The user allowed nothing.", reason: .deniedByUser)
        return refusal(error, to: redirectURI, state: request.state)
    }

    private func remember(_ scopes: [String], _ stage: ConsentStage) async throws(StoreError) {
        guard stage.prompt.isRemembered else { return }
        let now = clock()
        try await store.saveConsent(
            Consent(
                userName: stage.prompt.user.name,
                clientID: stage.request.clientID,
                scopes: stage.consentedScopes(choosing: scopes),
                grantedAt: now,
                expiresAt: now + definition.consentLifetime
            )
        )
    }
}
