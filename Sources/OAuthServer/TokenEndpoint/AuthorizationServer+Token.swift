extension AuthorizationServer {
    /// The token endpoint (RFC 6749 §3.2), for a client that was authenticated.
    /// - Throws: what RFC 6749 §5.2 and RFC 8707 §2.2 name; `temporarily_unavailable` where the storage does not answer.
    package func token(
        _ parameters: RequestParameters,
        client: OAuthClient,
        context: RequestContext
    ) async throws(OAuthError) -> TokenResponse {
        try parameters.checkNotRepeated()
        let type = try grantType(parameters, client: client)
        let response =
            switch type {
            case .authorizationCode: try await exchangeCode(parameters, client: client, context: context)
            case .refreshToken: try await refresh(parameters, client: client, context: context)
            case .clientCredentials: try await grantToClient(parameters, client: client, context: context)
            }
        countTokens(type)
        return response
    }

    private func grantType(
        _ parameters: RequestParameters,
        client: OAuthClient
    ) throws(OAuthError) -> OAuthClient.GrantType {
        let name = try parameters.required("grant_type")
        guard let type = OAuthClient.GrantType(rawValue: name) else {
            throw OAuthError(
                .unsupportedGrantType,
                "This grant_type is not supported; there are: \(Self.grantTypeNames).",
                reason: .unsupportedGrantType
            )
        }
        guard client.grantTypes.contains(type) else {
            throw OAuthError(
                .unauthorizedClient,
                "This client is not registered for the grant type \(type.rawValue).",
                reason: .grantTypeNotRegistered
            )
        }
        return type
    }

    private static let grantTypeNames = OAuthClient.GrantType.allCases.map(\.rawValue).joined(separator: ", ")
}

extension RequestParameters {
    /// The value of a parameter that must be there.
    /// - Throws: `invalid_request`.
    func required(_ name: StaticString) throws(OAuthError) -> String {
        if let value = self["\(name)"] { return value }
        throw OAuthError(.invalidRequest, "The parameter \(name) is missing.", reason: .malformedRequest)
    }
}
