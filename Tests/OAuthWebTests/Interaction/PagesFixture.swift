import Crypto
import HTTP
import JSON
import JWT
import Locking
import Testing

@testable import OAuthServer
@testable import OAuthWeb

/// The pages over a memory store, with a clock that the test moves and passwords that cost nothing.
final class PagesFixture: Sendable {
    static let issuer = "https://gate.example.com"

    let store = MemoryAuthorizationStore(revocations: MemoryRevocationStore())
    let passwords = PlainPasswords()
    private let time = Locked<Int64>(1_800_000_000)
    private let limiter = LoginLimiter(
        perUser: FailureRate(count: 3, period: .seconds(900)),
        perAddress: FailureRate(count: 30, period: .seconds(900))
    )
    /// The ID tokens that are ours: their claims by their text.
    private let idTokens = Locked<[String: String]>([:])

    static let web = OAuthClient(
        id: "web",
        name: "Notes Web",
        authenticationMethod: .none,
        redirectURIs: ["https://app.example/callback"],
        grantTypes: [.authorizationCode, .refreshToken],
        scopes: ["openid", "notes:read", "notes:write"],
        postLogoutRedirectURIs: ["https://app.example/bye"]
    )
    static let native = OAuthClient(
        id: "native",
        authenticationMethod: .none,
        redirectURIs: ["com.example.app:/callback"],
        scopes: ["notes:read"]
    )

    /// Knows alice and bob, whose password is "wonderland".
    init() async throws {
        for client in [Self.web, Self.native] { #expect(await store.insertClient(client)) }
        for name in ["alice", "bob"] {
            #expect(await store.insertUser(OAuthUser(name: name, passwordHash: "plain:wonderland", createdAt: 0)))
        }
    }

    var now: Int64 { time.withLock { $0 } }

    func advance(by seconds: Int64) { time.withLock { $0 += seconds } }

    /// Makes a text an ID token of a user for a client.
    func makeIDToken(_ text: String, user: String, client: String) {
        let claims = #"{"iss":"\#(Self.issuer)","sub":"\#(user)","aud":"\#(client)"}"#
        idTokens.withLock { $0[text] = claims }
    }

    func pages(theme: PageTheme, store: (any AuthorizationStore)? = nil) throws -> UserPages {
        let store = store ?? self.store
        let clock: @Sendable () -> Int64 = { self.now }
        let cookies = OwnCookie.Names(isSecure: true)
        let server = AuthorizationServer(
            definition: AuthorizationServerDefinition(
                issuer: Self.issuer,
                scopes: [
                    ScopeDefinition(name: "notes:read", description: "Read your notes"),
                    ScopeDefinition(name: "notes:write", description: "Write notes as you"),
                ]
            ),
            store: store,
            clients: ClientDirectory(configured: [], store: store),
            minting: self,
            revocations: self,
            audit: self,
            clientFailures: ClientFailureLimiter(perClient: nil),
            refreshKey: Self.key,
            clock: clock
        )
        return UserPages(
            server: server,
            signIn: SignIn(
                sessionLifetime: server.definition.sessionLifetime,
                store: store,
                passwords: passwords,
                limiter: limiter,
                audit: self,
                browserKey: Self.key,
                clock: clock
            ),
            forms: FormGuard(key: Self.key, cookies: cookies, origin: Self.issuer),
            seal: FormSeal(key: try SealingKey(SecretBytes(copying: Array(repeating: 5, count: 32)))),
            cookies: cookies,
            theme: theme,
            issuerHost: "gate.example.com",
            productName: "Gatehouse",
            clock: clock
        )
    }

    static let key = HMACKey(SecretBytes(copying: Array(repeating: 7, count: 32)), digest: .sha256)
}

extension PagesFixture: TokenMinting, RevocationSink, AuditSink {
    func mintAccessToken(_ claims: AccessTokenClaims) async throws(StoreError) -> String { "token" }
    func sign(idToken payload: [UInt8], algorithm: String) async throws(StoreError) -> String { "id token" }
    func verify(accessToken text: String) async -> VerifiedToken? { nil }
    func claims(ofIDToken text: String) async -> JSONNode? {
        idTokens.withLock { $0[text] }.flatMap { try? JSONParser.parse(Array($0.utf8)) }
    }
    func apply(_ revocations: [Revocation]) async {}
    func record(_ event: AuditEvent) {}
}

/// Passwords that are kept as they are, behind `plain:`.
final class PlainPasswords: PasswordChecking {
    private let isBusy = Locked(false)

    func beBusy() { isBusy.withLock { $0 = true } }

    func check(_ password: [UInt8], against hash: String?, urgency: PasswordCheckUrgency) async -> PasswordCheck {
        if isBusy.withLock({ $0 }) { return .busy }
        return hash == "plain:" + String(decoding: password, as: UTF8.self) ? .matches(replacement: nil) : .differs
    }

    func hash(_ password: [UInt8]) async -> String? { "plain:" + String(decoding: password, as: UTF8.self) }
}
