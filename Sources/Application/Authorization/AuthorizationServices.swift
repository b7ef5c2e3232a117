import Configuration
import Crypto
import Dispatch
import JWT
import Locking
import Logging
import OAuthServer
import OAuthWeb
import Observability

/// What the authorization server is made of in this process; it outlives reloads.
final class AuthorizationServices: Sendable {
    let tokens: OwnTokens
    let revocations = LoopRevocations()
    let store: any AuthorizationStore
    let passwords: PasswordThreads
    let limits: AuthorizationLimits
    let audit: AuditTrail
    let metrics: AuthorizationMetrics
    private let removedClients: RemovedClients
    private let secrets: AuthorizationSecrets
    private let logger = Logger(label: "gatehouse")
    /// Whether expired rows are being removed, and how long sessions live.
    private let sweeping: Locked<(isRunning: Bool, sessions: SessionLifetime)>

    /// Puts the parts together; nil where the gateway only enforces.
    ///
    /// - Parameter standardOutput: The audit log's own channel.
    /// - Throws: `ApplicationError` when the configuration and the storage contradict each other.
    init?(
        _ snapshot: ServerSnapshot,
        _ storage: Storage,
        _ keys: SigningKeys?,
        _ list: RevocationList,
        registry: MetricsRegistry,
        standardOutput: LogChannel
    ) throws(ApplicationError) {
        guard let settings = snapshot.configuration.authorizationServer, let keys, let ring = storage.keyRing,
            let store = storage.authorization, let secrets = storage.secrets
        else { return nil }
        self.store = store
        self.secrets = secrets
        passwords = try PasswordThreads(settings.passwords)
        limits = AuthorizationLimits(snapshot.configuration.limits)
        metrics = registry.authorizationMetrics(grantTypes: OAuthClient.GrantType.allCases.map(\.rawValue))
        audit = AuditTrail(metrics: metrics, standardOutput: standardOutput)
        tokens = OwnTokens(
            issuer: snapshot.configuration.issuer.text,
            ring: ring,
            keys: keys,
            revocations: list,
            algorithm: SignatureAlgorithm(settings.accessTokenAlgorithm)
        )
        sweeping = Locked((false, SessionLifetime(settings.session)))
        removedClients = RemovedClients(snapshot.clients, store: store, revocations: revocations, audit: audit)
        try check(snapshot)
    }

    /// Whether a configuration can be taken over; the audit log goes where it says from then on.
    ///
    /// - Throws: `ApplicationError` when a client of it is in the storage too or a user has its id, or the audit log can't be
    ///   opened.
    func check(_ snapshot: ServerSnapshot) throws(ApplicationError) {
        try checkClients(snapshot)
        do throws(LogError) {
            try audit.use(snapshot.configuration.logging.audit)
        } catch {
            throw .setup("logging.audit: \(error)")
        }
    }

    private func checkClients(_ snapshot: ServerSnapshot) throws(ApplicationError) {
        guard !snapshot.clients.isEmpty else { return }
        let store = store
        let stored: [OAuthClient]
        let users: [String]
        do throws(StoreError) {
            stored = try Waiting.forResult { () async throws(StoreError) in try await store.clients() }
            users = try Waiting.forResult { () async throws(StoreError) in
                var users: [String] = []
                for client in snapshot.clients where try await store.user(client.id) != nil { users.append(client.id) }
                return users
            }
        } catch {
            throw .storage("the storage can't be used: \(error.description)")
        }
        let twice = snapshot.clients.map(\.id).filter { id in stored.contains { $0.id == id } }
        guard twice.isEmpty else {
            let names = twice.map(\.printable).joined(separator: ", ")
            throw .setup("registered in authorization_server.clients and in the storage as well: \(names)")
        }
        // RFC 9068 §5: where `sub` is the client, a token speaks for no user; elsewhere it could be taken for the user's.
        guard users.isEmpty else {
            let names = users.map(\.printable).joined(separator: ", ")
            throw .setup("registered in authorization_server.clients, and users have these names: \(names)")
        }
    }

    /// Takes over another configuration.
    func takeOver(_ snapshot: ServerSnapshot) {
        guard let settings = snapshot.configuration.authorizationServer else { return }
        tokens.update(
            issuer: snapshot.configuration.issuer.text,
            algorithm: SignatureAlgorithm(settings.accessTokenAlgorithm)
        )
        passwords.takeOver(settings.passwords)
        limits.takeOver(snapshot.configuration.limits)
        sweeping.withLock { $0.sessions = SessionLifetime(settings.session) }
        removedClients.takeOver(snapshot.clients)
    }

    /// Ends what was allowed to clients that a new configuration has no more; to be called when every loop has taken it over.
    func endRemovedClients() {
        Task { [self] in
            do throws(StoreError) {
                try await removedClients.endGrants()
            } catch {
                logger.error("the tokens of removed clients could not be revoked yet: \(error.description)")
            }
        }
    }

    /// The endpoints by a configuration.
    func site(for snapshot: ServerSnapshot) -> WebSite? {
        server(for: snapshot).map { server in
            WebSite(
                basePath: server.definition.basePath,
                endpoints: ClientEndpoints(server: server).all + (pages(of: server, snapshot)?.all ?? [])
            )
        }
    }

    private func pages(of server: AuthorizationServer, _ snapshot: ServerSnapshot) -> UserPages? {
        guard let theme = snapshot.pages, let settings = snapshot.configuration.authorizationServer else { return nil }
        let issuer = snapshot.configuration.issuer
        let cookies = OwnCookie.Names(isSecure: issuer.scheme == "https")
        return UserPages(
            server: server,
            signIn: SignIn(
                sessionLifetime: server.definition.sessionLifetime,
                store: store,
                passwords: PasswordChecker(pool: passwords.pool, metrics: metrics),
                limiter: limits.logins,
                audit: audit,
                browserKey: secrets.browsers,
                clock: SystemClock.unixTime
            ),
            forms: FormGuard(key: secrets.forms, cookies: cookies, origin: "\(issuer.scheme)://\(issuer.authority)"),
            seal: FormSeal(key: secrets.requests),
            cookies: cookies,
            theme: theme,
            issuerHost: issuer.authority,
            productName: settings.pages.productName,
            clock: SystemClock.unixTime
        )
    }

    /// What the server says of itself.
    func metadata(for snapshot: ServerSnapshot) -> (oauth: [UInt8], openID: [UInt8])? {
        let issuer = snapshot.configuration.issuer
        return server(for: snapshot)?.metadata(origin: "\(issuer.scheme)://\(issuer.authority)")
    }

    private func server(for snapshot: ServerSnapshot) -> AuthorizationServer? {
        AuthorizationServerDefinition(snapshot.configuration).map { definition in
            AuthorizationServer(
                definition: definition,
                store: store,
                clients: ClientDirectory(configured: snapshot.clients, store: store),
                minting: tokens,
                revocations: revocations,
                audit: audit,
                clientFailures: limits.clients,
                refreshKey: secrets.refreshTokens,
                clock: SystemClock.unixTime,
                countTokens: { [metrics] in metrics.countTokens(grantType: $0.rawValue) }
            )
        }
    }

    /// Removes what has expired, off the loops; once at a time.
    func sweep() {
        let lifetime = sweeping.withLock { sweeping -> SessionLifetime? in
            guard !sweeping.isRunning else { return nil }
            sweeping.isRunning = true
            return sweeping.sessions
        }
        guard let lifetime else { return }
        Task(priority: .background) { [self] in
            do throws(StoreError) {
                try await removedClients.endGrants()
                _ = try await store.removeExpired(at: SystemClock.unixTime(), sessions: lifetime)
            } catch {
                logger.warning("what has expired could not be removed: \(error.description)")
            }
            sweeping.withLock { $0.isRunning = false }
        }
    }
}

/// Waits for something asynchronous where nothing else can be done: at the start, and on the control queue in a reload.
enum Waiting {
    static func forResult<Value: Sendable, Failure: Error>(
        _ work: @escaping @Sendable () async throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let result = Locked<Result<Value, Failure>?>(nil)
        let done = DispatchSemaphore(value: 0)
        Task {
            do throws(Failure) {
                let value = try await work()
                result.withLock { $0 = .success(value) }
            } catch {
                result.withLock { $0 = .failure(error) }
            }
            done.signal()
        }
        done.wait()
        guard let result = result.withLock({ $0 }) else { preconditionFailure("the work is done") }
        return try result.get()
    }
}

extension SignatureAlgorithm {
    init(_ algorithm: OwnAlgorithm) {
        self = algorithm == .rs256 ? .rs256 : .es256
    }
}
