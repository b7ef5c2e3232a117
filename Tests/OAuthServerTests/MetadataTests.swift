import JSON
import Testing

@testable import OAuthServer

struct MetadataTests {
    private func documents(_ change: (inout TestServer) -> Void = { _ in }) async throws -> (JSONNode, JSONNode) {
        var test = try await TestServer()
        change(&test)
        let (oauth, openID) = test.server.metadata(origin: TestServer.issuer)
        return (try JSONParser.parse(oauth), try JSONParser.parse(openID))
    }

    // RFC 8414 §2
    @Test func `clients find the endpoints and what they can do`() async throws {
        let (oauth, openID) = try await documents()
        for node in [oauth, openID] {
            #expect(node["issuer"]?.string == TestServer.issuer)
            #expect(node["authorization_endpoint"]?.string == "https://issuer.example/oauth/authorize")
            #expect(node["token_endpoint"]?.string == "https://issuer.example/oauth/token")
            #expect(node["revocation_endpoint"]?.string == "https://issuer.example/oauth/revoke")
            #expect(node["introspection_endpoint"]?.string == "https://issuer.example/oauth/introspect")
            #expect(node["jwks_uri"]?.string == "https://issuer.example/.well-known/jwks.json")
            #expect(strings(node["response_types_supported"]) == ["code"])
            #expect(strings(node["code_challenge_methods_supported"]) == ["S256"])
            #expect(node["authorization_response_iss_parameter_supported"]?.bool == true)
            #expect(
                strings(node["grant_types_supported"]) == ["authorization_code", "refresh_token", "client_credentials"]
            )
            #expect(
                strings(node["token_endpoint_auth_methods_supported"]) == [
                    "client_secret_basic", "client_secret_post", "none",
                ]
            )
            #expect(
                strings(node["scopes_supported"]) == [
                    "openid", "profile", "email", "offline_access", "notes:read", "notes:write", "notes:admin",
                ]
            )
        }
    }

    // OpenID Connect Discovery §3
    @Test func `an OpenID client finds what it needs besides`() async throws {
        let (oauth, openID) = try await documents()
        #expect(openID["userinfo_endpoint"]?.string == "https://issuer.example/oauth/userinfo")
        #expect(openID["end_session_endpoint"]?.string == "https://issuer.example/oauth/logout")
        #expect(strings(openID["subject_types_supported"]) == ["public"])
        #expect(strings(openID["id_token_signing_alg_values_supported"]) == ["RS256", "ES256"])
        #expect(openID["request_uri_parameter_supported"]?.bool == false)
        #expect(oauth["userinfo_endpoint"] == nil)
    }

    @Test(arguments: [("/", "https://issuer.example/token"), ("/a/b", "https://issuer.example/a/b/token")])
    func `the endpoints are where the configuration puts them`(_ basePath: String, _ token: String) async throws {
        let (oauth, _) = try await documents { $0.definition.basePath = basePath }
        #expect(oauth["token_endpoint"]?.string == token)
    }

    private func strings(_ node: JSONNode?) -> [String]? {
        node?.array?.compactMap(\.string)
    }
}
