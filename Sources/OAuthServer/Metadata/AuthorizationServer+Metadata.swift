import JSON

extension AuthorizationServer {
    /// What others learn about this server: `/.well-known/oauth-authorization-server` (RFC 8414 §2) and
    /// `/.well-known/openid-configuration` (OpenID Connect Discovery §3).
    ///
    /// - Parameter origin: the scheme and the authority that the endpoints are under, without a slash at its end.
    package func metadata(origin: String) -> (oauth: [UInt8], openID: [UInt8]) {
        var oauth = JSONWriter()
        oauth.beginObject()
        writeOAuthMembers(to: &oauth, origin: origin)
        oauth.endObject()
        var openID = JSONWriter()
        openID.beginObject()
        writeOAuthMembers(to: &openID, origin: origin)
        writeOpenIDMembers(to: &openID, origin: origin)
        openID.endObject()
        return (oauth.bytes, openID.bytes)
    }

    private func writeOAuthMembers(to writer: inout JSONWriter, origin: String) {
        let base = origin + (definition.basePath == "/" ? "" : definition.basePath)
        writer.member("issuer", definition.issuer)
        writer.member("authorization_endpoint", base + "/authorize")
        writer.member("token_endpoint", base + "/token")
        writer.member("revocation_endpoint", base + "/revoke")
        writer.member("introspection_endpoint", base + "/introspect")
        writer.member("jwks_uri", origin + "/.well-known/jwks.json")
        writer.member("scopes_supported", definition.scopes.definitions.map(\.name))
        writer.member("response_types_supported", ["code"])
        writer.member("response_modes_supported", ["query"])
        writer.member("grant_types_supported", OAuthClient.GrantType.allCases.map(\.rawValue))
        let methods = OAuthClient.AuthenticationMethod.allCases.map(\.rawValue)
        writer.member("token_endpoint_auth_methods_supported", methods)
        writer.member("revocation_endpoint_auth_methods_supported", methods)
        // RFC 7662 §2.1: what a token says is not for everybody.
        let secretMethods = OAuthClient.AuthenticationMethod.allCases.filter { $0 != .none }.map(\.rawValue)
        writer.member("introspection_endpoint_auth_methods_supported", secretMethods)
        // RFC 7636, RFC 9207 §3.
        writer.member("code_challenge_methods_supported", ["S256"])
        writer.member("authorization_response_iss_parameter_supported", true)
        // RFC 9728 §4.
        writer.member("protected_resources", definition.resources)
    }

    private func writeOpenIDMembers(to writer: inout JSONWriter, origin: String) {
        let base = origin + (definition.basePath == "/" ? "" : definition.basePath)
        writer.member("userinfo_endpoint", base + "/userinfo")
        writer.member("end_session_endpoint", base + "/logout")
        writer.member("subject_types_supported", ["public"])
        writer.member("id_token_signing_alg_values_supported", ["RS256", "ES256"])
        writer.member("prompt_values_supported", AuthorizationRequest.Prompt.allCases.map(\.rawValue))
        writer.member("claim_types_supported", ["normal"])
        writer.member("claims_supported", Self.claims)
        // Absent, request_uri_parameter_supported would mean yes.
        writer.member("claims_parameter_supported", false)
        writer.member("request_parameter_supported", false)
        writer.member("request_uri_parameter_supported", false)
    }

    /// What ID tokens and the userinfo endpoint can say.
    private static let claims = [
        "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "name", "preferred_username",
        "email",
    ]
}
