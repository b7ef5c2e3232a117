import Crypto
import OAuthServer
import Testing

@testable import Application

@Suite struct AuthorizationConfigurationTests {
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    @Test func `the server is what the configuration says`() throws {
        let snapshot = try snapshot(
            #"""
            "base_path": "/id", "access_token": { "lifetime": "5m", "algorithm": "RS256" },
            "refresh_token": { "idle_lifetime": "1d", "absolute_lifetime": "2d", "reuse_interval": "0s" },
            "authorization_code": { "lifetime": "30s" }, "require_pkce": "public_clients",
            "consent": { "remember_for": "1h" }, "session": { "idle_lifetime": "10m", "absolute_lifetime": "1h" }
            """#
        )
        let definition = try #require(AuthorizationServerDefinition(snapshot.configuration))
        #expect(definition.issuer == "https://gate.example.com")
        #expect(definition.basePath == "/id")
        #expect(definition.resources == ["https://gate.example.com", "https://api.example.com/"])
        #expect(definition.accessTokenLifetime == 300)
        #expect(definition.accessTokenAlgorithm == "RS256")
        #expect(
            definition.refreshTokens
                == RefreshTokenPolicy(idleLifetime: 86400, absoluteLifetime: 172_800, reuseInterval: 0)
        )
        #expect(definition.codeLifetime == 30)
        #expect(definition.requiresPKCE == .publicClients)
        #expect(definition.consentLifetime == 3600)
        #expect(definition.sessionLifetime == SessionLifetime(idle: 600, absolute: 3600))
        #expect(definition.scopes["admin"]?.isRestricted == true)
        #expect(definition.scopes["admin"]?.implies == ["read"])
        #expect(definition.scopes["read"]?.description == "Read it")
    }

    @Test func `a client's secret is kept as its hash, wherever it comes from`() throws {
        try folder.write("from a file of its own\n", to: "secret")
        let hash = Digest.sha256("by hash").map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        let snapshot = try snapshot(
            #"""
            "clients": [
              { "client_id": "a", "client_secret": { "file": "secret" }, "redirect_uris": ["https://a.example/cb"],
                "grant_types": ["authorization_code", "refresh_token"], "scope": "openid read", "required_scope": "read",
                "id_token_signed_response_alg": "ES256", "post_logout_redirect_uris": ["https://a.example/"] },
              { "client_id": "b", "client_secret": { "hash": "sha256:\#(hash)" }, "scope": "read",
                "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_post", "introspect": true },
              { "client_id": "c", "token_endpoint_auth_method": "none", "redirect_uris": ["http://127.0.0.1/cb"],
                "client_name": "C", "scope": "read" }
            ]
            """#
        )
        let clients = try OAuthClient.configured(snapshot.configuration)
        #expect(clients.map(\.id) == ["a", "b", "c"])
        #expect(clients.map(\.secretHash) == [Digest.sha256("from a file of its own"), Digest.sha256("by hash"), nil])
        #expect(clients.map(\.authenticationMethod) == [.secretBasic, .secretPost, .none])
        #expect(clients[0].grantTypes == [.authorizationCode, .refreshToken])
        #expect(clients[0].scopes == ["openid", "read"] && clients[0].requiredScopes == ["read"])
        #expect(clients[0].idTokenAlgorithm == "ES256")
        #expect(clients[0].postLogoutRedirectURIs == ["https://a.example/"])
        #expect(clients.map(\.mayIntrospect) == [false, true, false])
        #expect(clients[2].name == "C" && clients[2].isPublic)
        #expect(clients.allSatisfy { $0.origin == .configuration })
    }

    @Test func `a secret that can't be had is an error that names its client`() throws {
        let clients =
            #""clients": [{ "client_id": "web", "client_secret": { "file": "none" }, "scope": "read", "grant_types": ["client_credentials"] }]"#
        let error = #expect(throws: ApplicationError.self) {
            try OAuthClient.configured(snapshot(clients).configuration)
        }
        #expect(error?.description.contains("web") == true)
    }

    @Test func `without an authorization_server there is none`() throws {
        let text = Self.text(server: "").replacing(#""authorization_server": {  },"#, with: "")
        let file = ConfigurationFile(path: try folder.write(text, to: "gateway.json"))
        let configuration = try file.load()
        #expect(AuthorizationServerDefinition(configuration) == nil)
        #expect(try Storage(configuration).authorization == nil)
    }

    private func snapshot(_ server: String) throws -> ServerSnapshot {
        let file = ConfigurationFile(path: try folder.write(Self.text(server: server), to: "gateway.json"))
        return try ServerSnapshot(offline: try file.load(), path: file.path)
    }

    private static func text(server: String) -> String {
        #"""
        { "issuer": "https://gate.example.com", "listeners": [{ "address": "127.0.0.1:0" }], "storage": "memory:",
          "scopes": { "read": "Read it", "admin": { "description": "All", "restricted": true, "implies": ["read"] } },
          "resources": { "api": { "resource": "https://api.example.com/" } }, "upstreams": {},
          "authorization_server": { \#(server) },
          "routes": [{ "path": "/**", "access": "deny" }], "trusted_issuers": [] }
        """#
    }
}
