import Bytes
import Crypto
import JWT
import Testing

@testable import OAuthServer

/// A server over a memory store with one user and some clients.
struct TestServer {
    static let issuer = "https://issuer.example"
    static let api = "https://api.example/notes"
    static let callback = "https://app.example/callback"
    static let context = RequestContext(address: "192.0.2.7", requestID: "r1", userAgent: "test")

    let store = MemoryAuthorizationStore(revocations: MemoryRevocationStore())
    let clock = TestClock()
    let audit = TestAudit()
    let clientFailures = ClientFailureLimiter(perClient: FailureRate(count: 3, period: .seconds(60)))
    let keys: TestKeys
    var definition = AuthorizationServerDefinition(
        issuer: issuer,
        scopes: [
            ScopeDefinition(name: "notes:read", description: "Read your notes"),
            ScopeDefinition(name: "notes:write", description: "Write notes as you", implies: ["notes:read"]),
            ScopeDefinition(name: "notes:admin", description: "Everything", isRestricted: true),
        ],
        resources: [issuer, api, "https://api.example/mail"]
    )

    /// A server that knows `clients` and the user ada.
    init() async throws {
        keys = TestKeys(clock: clock)
        for client in Self.clients { #expect(await store.insertClient(client)) }
        let ada = OAuthUser(
            name: "ada",
            email: "ada@example.org",
            fullName: "Ada Lovelace",
            passwordHash: "",
            createdAt: 0
        )
        #expect(await store.insertUser(ada))
    }

    var server: AuthorizationServer { server(minting: keys) }

    /// The same server with other keys.
    func server(minting: any TokenMinting) -> AuthorizationServer {
        AuthorizationServer(
            definition: definition,
            store: store,
            clients: ClientDirectory(configured: [], store: store),
            minting: minting,
            revocations: keys,
            audit: audit,
            clientFailures: clientFailures,
            refreshKey: Self.refreshKey,
            clock: { [clock] in clock.now }
        )
    }

    static let refreshKey = HMACKey(SecretBytes(copying: Array("a key of refresh tokens".utf8)), digest: .sha256)

    /// A secret of a test client.
    static func secret(of id: String) -> String { "the secret of \(id)" }

    static let clients = [app, otherApp, spa, machine, inspector]

    /// A confidential client with everything that a user can allow.
    static let app = OAuthClient(
        id: "app",
        authenticationMethod: .secretBasic,
        secretHash: Digest.sha256(secret(of: "app")),
        redirectURIs: [callback],
        grantTypes: [.authorizationCode, .refreshToken],
        scopes: ["openid", "profile", "email", "offline_access", "notes:read", "notes:write", "notes:admin"]
    )
    static let otherApp = OAuthClient(
        id: "other",
        authenticationMethod: .secretPost,
        secretHash: Digest.sha256(secret(of: "other")),
        redirectURIs: ["https://other.example/callback"],
        grantTypes: [.authorizationCode, .refreshToken],
        scopes: ["notes:read"]
    )
    /// A public client.
    static let spa = OAuthClient(
        id: "spa",
        authenticationMethod: .none,
        redirectURIs: ["https://spa.example/"],
        grantTypes: [.authorizationCode, .clientCredentials],
        scopes: ["openid", "notes:read"],
        idTokenAlgorithm: "ES256"
    )
    /// A client that acts for itself.
    static let machine = OAuthClient(
        id: "machine",
        authenticationMethod: .secretBasic,
        secretHash: Digest.sha256(secret(of: "machine")),
        grantTypes: [.clientCredentials],
        scopes: ["notes:read", "notes:write", "notes:admin", "openid", "offline_access"]
    )
    /// A client that may ask about every token.
    static let inspector = OAuthClient(
        id: "inspector",
        authenticationMethod: .secretBasic,
        secretHash: Digest.sha256(secret(of: "inspector")),
        grantTypes: [],
        mayIntrospect: true
    )
}

extension TestServer {
    /// A verifier and its challenge.
    static let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    static let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

    /// Stores a code that ada has allowed a client, and returns its text.
    func issueCode(
        to client: OAuthClient = app,
        scopes: [String] = ["openid", "notes:read"],
        resource: String = issuer,
        change: (inout AuthorizationCode) -> Void = { _ in }
    ) async -> String {
        let text = Base64URL.encode(SecureRandom.bytes(count: 32))
        var code = AuthorizationCode(
            hash: Digest.sha256(text),
            clientID: client.id,
            redirectURI: client.redirectURIs.first ?? Self.callback,
            redirectURIWasSent: true,
            userName: "ada",
            scopes: scopes,
            resource: resource,
            nonce: "n1",
            codeChallenge: Self.challenge,
            authenticatedAt: clock.now - 30,
            expiresAt: clock.now + 60
        )
        change(&code)
        await store.insertAuthorizationCode(code)
        return text
    }

    /// The parameters that exchange a code, with changes; a value of nil takes a parameter out.
    static func codeParameters(
        _ code: String,
        client: OAuthClient = app,
        _ changes: [String: String?] = [:]
    ) -> RequestParameters {
        parameters(
            [
                "grant_type": "authorization_code", "code": code, "redirect_uri": client.redirectURIs.first,
                "code_verifier": verifier,
            ],
            changes
        )
    }

    static func parameters(_ values: [String: String?], _ changes: [String: String?] = [:]) -> RequestParameters {
        let merged = values.merging(changes) { $1 }
        return RequestParameters(merged.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value ?? "") })
    }

    /// Exchanges a new code.
    func tokens(
        for client: OAuthClient = app,
        scopes: [String] = ["openid", "notes:read"],
        resource: String = issuer
    ) async throws -> TokenResponse {
        let code = await issueCode(to: client, scopes: scopes, resource: resource)
        return try await server.token(Self.codeParameters(code, client: client), client: client, context: Self.context)
    }

    /// Presents a refresh token.
    func refresh(
        _ token: String?,
        client: OAuthClient = app,
        _ changes: [String: String?] = [:]
    ) async throws(OAuthError) -> TokenResponse {
        let parameters = Self.parameters(["grant_type": "refresh_token", "refresh_token": token], changes)
        return try await server.token(parameters, client: client, context: Self.context)
    }
}

/// Expects a refusal with a code and a reason.
func expectRefusal(
    _ code: OAuthError.Code,
    _ reason: OAuthError.Reason,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ work: () async throws -> Void
) async {
    do {
        try await work()
        Issue.record("it was not refused", sourceLocation: sourceLocation)
    } catch let error as OAuthError {
        #expect(error.code == code, sourceLocation: sourceLocation)
        #expect(error.reason == reason, sourceLocation: sourceLocation)
    } catch {
        Issue.record("\(error)", sourceLocation: sourceLocation)
    }
}
