import Gateway
import OAuthServer

/// The endpoints that programs call: token, revocation, introspection, userinfo.
package struct ClientEndpoints: Sendable {
    private let server: AuthorizationServer
    /// The issuer, as the realm of challenges.
    private let realm: String
    /// Of the userinfo endpoint.
    private let challenge: BearerChallenge

    package init(server: AuthorizationServer) {
        self.server = server
        realm = server.definition.issuer
        challenge = BearerChallenge(realm: realm, resource: realm, allScopes: ["openid"])
    }

    package var all: [WebEndpoint] {
        [
            endpoint("/token", allowsAnyOrigin: true, token),
            endpoint("/revoke", allowsAnyOrigin: true, revoke),
            // Whoever may ask about tokens has a secret, and a script has none.
            endpoint("/introspect", allowsAnyOrigin: false, introspect),
            WebEndpoint(
                "/userinfo",
                methods: [.get, .post],
                allowsAnyOrigin: true,
                needsToken: true,
                refuse: { [realm] in WebResponse($1, realm: realm) },
                respond: userInfo
            ),
        ]
    }

    /// Answers a client that has been authenticated.
    private typealias Answer =
        @Sendable (RequestParameters, OAuthClient, RequestContext) async throws(OAuthError) -> WebResponse

    private func endpoint(_ path: String, allowsAnyOrigin: Bool, _ answer: @escaping Answer) -> WebEndpoint {
        WebEndpoint(
            path,
            methods: [.post],
            allowsAnyOrigin: allowsAnyOrigin,
            refuse: { [realm] in WebResponse($1, realm: realm) },
            respond: { [server, realm] request in
                var named: String?
                var response: WebResponse
                do throws(OAuthError) {
                    let credentials = try ClientCredentials(request)
                    let client = try await server.authenticate(credentials, context: request.context)
                    named = client.id
                    response = try await answer(RequestParameters(request.form.pairs), client, request.context)
                } catch {
                    response = WebResponse(error, realm: realm)
                }
                response.clientID = named
                return response
            }
        )
    }

    /// RFC 6749 §3.2.
    @Sendable private func token(
        _ parameters: RequestParameters,
        _ client: OAuthClient,
        _ context: RequestContext
    ) async throws(OAuthError) -> WebResponse {
        let answer = try await server.token(parameters, client: client, context: context)
        var response = WebResponse.json(answer.json())
        // RFC 6749 §5.1.
        response.add("Pragma", "no-cache")
        return response
    }

    /// RFC 7009 §2.2: the answer to a token that is not known is the same.
    @Sendable private func revoke(
        _ parameters: RequestParameters,
        _ client: OAuthClient,
        _ context: RequestContext
    ) async throws(OAuthError) -> WebResponse {
        try await server.revoke(parameters, client: client, context: context)
        return WebResponse(status: 200)
    }

    /// RFC 7662 §2.2.
    @Sendable private func introspect(
        _ parameters: RequestParameters,
        _ client: OAuthClient,
        _ context: RequestContext
    ) async throws(OAuthError) -> WebResponse {
        .json(try await server.introspect(parameters, client: client))
    }

    /// OpenID Connect Core §5.3.
    @Sendable private func userInfo(_ request: WebRequest) async -> WebResponse {
        guard let token = request.token else { return WebResponse(.credentialsMissing) }
        do throws(OAuthError) {
            return .json(try await server.userInfo(token: token))
        } catch {
            return WebResponse(error, challenge: challenge)
        }
    }
}
