import Configuration
import JWT
import OAuthServer

/// What commands about users, clients and grants act on: the storage, which the running server looks at too.
struct CommandStore: Sendable {
    let configuration: GatewayConfiguration
    let settings: AuthorizationServerSettings
    let store: any AuthorizationStore
    let now: Int64

    /// Opens the storage of a configuration; makes it where it is missing.
    ///
    /// - Throws: `ApplicationError` when the gateway is no issuer or its storage is not shared with commands.
    init(_ file: ConfigurationFile, now: Int64) throws(ApplicationError) {
        let configuration = try file.load()
        let reason = "the configuration has no authorization_server, so there are no users, clients and grants"
        guard let settings = configuration.authorizationServer else { throw .setup(reason) }
        guard let store = try Storage.shared(configuration).authorization else { throw .setup(reason) }
        self.configuration = configuration
        self.settings = settings
        self.store = store
        self.now = now
    }

    /// The audit log, opened for what is about to be done.
    ///
    /// - Throws: `ApplicationError.file` when it can't be opened.
    func audit() throws(ApplicationError) -> CommandAudit { try CommandAudit(configuration, now: now) }

    /// Does something in the storage.
    ///
    /// - Throws: `ApplicationError.storage` with its reason.
    func attempt<Value>(
        _ work: (any AuthorizationStore) async throws(StoreError) -> Value
    ) async throws(ApplicationError) -> Value {
        do throws(StoreError) {
            return try await work(store)
        } catch {
            throw .storage("the storage can't be used: \(error.description)")
        }
    }

    /// The clients of the configuration and those in the storage, by id.
    ///
    /// - Throws: `ApplicationError` when the storage can't be used.
    func clients() async throws(ApplicationError) -> [OAuthClient] {
        let directory = ClientDirectory(
            configured: settings.clients.map(OAuthClient.init(withoutSecret:)),
            store: store
        )
        return try await attempt { _ throws(StoreError) in try await directory.all() }
    }

    /// The user of a name.
    ///
    /// - Throws: `ApplicationError.setup` where there is none.
    func user(_ name: String) async throws(ApplicationError) -> OAuthUser {
        if let user = try await attempt({ store throws(StoreError) in try await store.user(name) }) { return user }
        let names = try await attempt { store throws(StoreError) in try await store.users() }.map(\.name)
        throw .setup("there is no user \(name.printable)" + CommandText.clause(name, among: names))
    }

    /// The client of an id.
    ///
    /// - Throws: `ApplicationError.setup` where there is none.
    func client(_ id: String) async throws(ApplicationError) -> OAuthClient {
        let clients = try await clients()
        if let client = clients.first(where: { $0.id == id }) { return client }
        throw .setup("there is no client \(id.printable)" + CommandText.clause(id, among: clients.map(\.id)))
    }
}
