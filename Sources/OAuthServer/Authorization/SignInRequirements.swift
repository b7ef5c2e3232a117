/// What a request says about who has to be signed in (OpenID Connect Core §3.1.2.1).
struct SignInRequirements {
    var prompts: Set<AuthorizationRequest.Prompt>
    var maximumAge: Int64?
    var loginHint: String?
    var requiredUser: String?
}

extension AuthorizationServer {
    /// Reads `prompt`, `max_age`, `login_hint` and `id_token_hint`.
    /// - Throws: `invalid_request`.
    func signInRequirements(
        _ parameters: RequestParameters,
        of client: OAuthClient
    ) async throws(OAuthError) -> SignInRequirements {
        let words = (parameters["prompt"] ?? "").split(separator: " ")
        let prompts = Set(words.compactMap { AuthorizationRequest.Prompt(rawValue: String($0)) })
        // What the client wants and nobody knows must not be passed over; `none` stands alone.
        guard prompts.count == Set(words).count, !prompts.contains(.none) || words.count == 1 else {
            throw OAuthError(.invalidRequest, "prompt has a value that can't be there.", reason: .malformedRequest)
        }
        return SignInRequirements(
            prompts: prompts,
            maximumAge: try Self.maximumAge(parameters["max_age"]),
            loginHint: parameters["login_hint"].flatMap { $0.utf8.count <= 256 ? $0 : nil },
            requiredUser: try await hintedUser(parameters["id_token_hint"], of: client)
        )
    }

    private static func maximumAge(_ text: String?) throws(OAuthError) -> Int64? {
        guard let text else { return nil }
        guard text.utf8.count <= 10, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let age = Int64(text) else {
            throw OAuthError(.invalidRequest, "max_age is a number of seconds.", reason: .malformedRequest)
        }
        return age
    }

    /// The subject of an ID token of ours that went to this client.
    private func hintedUser(_ hint: String?, of client: OAuthClient) async throws(OAuthError) -> String? {
        guard let hint else { return nil }
        guard let token = await idToken(hint), token.audiences.contains(client.id) else {
            throw OAuthError(
                .invalidRequest,
                "id_token_hint is no ID token that this server gave to this client.",
                reason: .malformedRequest
            )
        }
        return token.subject
    }
}
