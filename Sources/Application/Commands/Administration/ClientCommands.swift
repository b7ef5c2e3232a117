import Configuration
import Crypto
import JWT
import OAuthServer

/// `gatehouse client`: which programs may ask for tokens.
package struct ClientCommands: Sendable {
    private let store: CommandStore

    /// Opens the storage of a configuration.
    ///
    /// - Throws: `ApplicationError` when the gateway is no issuer or its storage is not shared with commands.
    package init(_ file: ConfigurationFile, now: Int64) throws(ApplicationError) {
        store = try CommandStore(file, now: now)
    }

    /// All clients, those of the configuration too.
    package func list() async throws(ApplicationError) -> ClientList {
        ClientList(clients: try await store.clients(), store.now)
    }

    /// One client.
    package func show(_ id: String) async throws(ApplicationError) -> RegisteredClient {
        RegisteredClient(client: try await store.client(id), secret: nil)
    }

    /// Registers a client and makes its secret, which is stored only hashed.
    ///
    /// - Throws: `ApplicationError.setup` for what can't be a client.
    package func add(_ new: NewClient) async throws(ApplicationError) -> RegisteredClient {
        let audit = try store.audit()
        let registered = try new.registered(store.configuration, at: store.now)
        let client = registered.client
        guard try await !store.clients().contains(where: { $0.id == client.id }) else { throw Self.taken(client.id) }
        // RFC 9068 §5: where `sub` is the client, a token speaks for no user.
        let user = try await store.attempt { store throws(StoreError) in try await store.user(client.id) }
        guard user == nil else {
            throw .setup("\(client.id.printable) is the name of a user, for whom the client's own tokens would speak")
        }
        guard try await store.attempt({ store throws(StoreError) in try await store.insertClient(client) }) else {
            throw Self.taken(client.id)
        }
        audit.record([AuditEvent(.clientAdded, client: client.id, scopes: client.scopes)])
        return registered
    }

    /// Gives a client another secret; the one before is refused from then on.
    ///
    /// - Throws: `ApplicationError.setup` for a client without a secret or one that stands in the configuration.
    package func rotateSecret(_ id: String) async throws(ApplicationError) -> RegisteredClient {
        let audit = try store.audit()
        var client = try await stored(id, to: "change its secret")
        guard !client.isPublic else { throw .setup("the client \(id.printable) is a public one: it has no secret") }
        let secret = RegisteredClient.makeSecret()
        let hash = Digest.sha256(secret)
        let isDone = try await store.attempt { store throws(StoreError) in
            try await store.replaceClientSecret(id, hash: hash)
        }
        guard isDone else { throw Self.gone(id) }
        client.secretHash = hash
        audit.record([AuditEvent(.clientSecretRotated, client: id)])
        return RegisteredClient(client: client, secret: secret)
    }

    /// Removes a client; its tokens are refused from then on.
    ///
    /// - Throws: `ApplicationError.setup` for one that stands in the configuration.
    package func remove(_ id: String) async throws(ApplicationError) {
        let audit = try store.audit()
        _ = try await stored(id, to: "remove it")
        let now = store.now
        let revoked = try await store.attempt { store throws(StoreError) in try await store.removeClient(id, at: now) }
        guard revoked != nil else { throw Self.gone(id) }
        audit.record([AuditEvent(.clientRemoved, client: id)])
    }

    private func stored(_ id: String, to purpose: String) async throws(ApplicationError) -> OAuthClient {
        let client = try await store.client(id)
        guard client.origin == .storage else {
            throw .setup("the client \(id.printable) stands in the configuration: \(purpose) there")
        }
        return client
    }

    private static func taken(_ id: String) -> ApplicationError { .setup("there is a client \(id.printable) already") }

    private static func gone(_ id: String) -> ApplicationError {
        .setup("the client \(id.printable) has been removed by another process")
    }
}
