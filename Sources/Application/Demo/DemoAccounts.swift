import Configuration
import Crypto
import JWT
import OAuthServer

/// The user and the client that the demo puts into the storage, so that there is somebody to sign in and something to allow.
struct DemoAccounts: Sendable {
    let userName: String
    /// Another one at every start: what is stored is its hash.
    let password: String
    let clientID: String

    /// Nobody else's user is touched: the demo's is known by this.
    private static let fullName = "Alice Demo"
    private static let userNames = ["alice", "alice-demo"]
    private static let clientID = "gatehouse-demo"

    /// Adds them, or makes those of an earlier demo good again.
    ///
    /// - Throws: `ApplicationError` when the storage can't be used.
    static func seed(
        _ configuration: GatewayConfiguration,
        _ settings: AuthorizationServerSettings,
        _ store: any AuthorizationStore,
        now: Int64
    ) async throws(ApplicationError) -> DemoAccounts {
        let password = try NewPassword.random().text
        do {
            let parameters = PasswordHashParameters(settings.passwords)
            let hash = try PasswordHash(of: Array(password.utf8), parameters: parameters).text
            let name = try await addUser(hash, configuration, store, now: now)
            try await addClient(configuration, store, now: now)
            return DemoAccounts(userName: name, password: password, clientID: clientID)
        } catch let error as ApplicationError {
            throw error
        } catch {
            throw .storage("the demo's user and client can't be added: \(error)")
        }
    }

    private static func addUser(
        _ hash: String,
        _ configuration: GatewayConfiguration,
        _ store: any AuthorizationStore,
        now: Int64
    ) async throws -> String {
        for name in userNames {
            let user = OAuthUser(
                name: name,
                email: "\(name)@example.com",
                fullName: fullName,
                passwordHash: hash,
                restrictedScopes: configuration.scopes.filter(\.isRestricted).map(\.name),
                createdAt: now
            )
            if try await store.insertUser(user) { return name }
            guard try await store.user(name)?.fullName == fullName else { continue }
            _ = try await store.setDisabled(false, user: name, at: now)
            if try await store.setPassword(ofUser: name, hash: hash, keepingSession: nil) { return name }
        }
        throw ApplicationError.setup(
            "the storage has users \(userNames.joined(separator: " and ")) that are not the demo's"
        )
    }

    private static func addClient(
        _ configuration: GatewayConfiguration,
        _ store: any AuthorizationStore,
        now: Int64
    ) async throws {
        var client = OAuthClient(
            id: clientID,
            name: "Demo app",
            authenticationMethod: .none,
            redirectURIs: ["http://127.0.0.1/callback"],
            grantTypes: [.authorizationCode, .refreshToken],
            scopes: GatewayConfiguration.builtInScopes + configuration.scopes.map(\.name),
            createdAt: now
        )
        if let known = try await store.client(clientID) {
            client.createdAt = known.createdAt
            if client == known { return }
            // Its scopes are those of a configuration that has changed.
            _ = try await store.removeClient(clientID, at: now)
        }
        _ = try await store.insertClient(client)
    }
}
