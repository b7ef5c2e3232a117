import JWT

/// All clients: those of the configuration and those in the store.
package struct ClientDirectory: Sendable {
    private let configured: [String: OAuthClient]
    private let store: any AuthorizationStore

    package init(configured: [OAuthClient], store: any AuthorizationStore) {
        self.configured = Dictionary(configured.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        self.store = store
    }

    /// The client with an id; nil where there is none.
    /// - Throws: when the store can't answer.
    package func client(_ id: String) async throws(StoreError) -> OAuthClient? {
        // RFC 6749 appendix A.1. It also keeps ids apart that differ in bytes only: Swift compares canonically.
        guard !id.isEmpty, id.utf8.count <= 2048, id.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else { return nil }
        if let client = configured[id] { return client }
        return try await store.client(id)
    }

    /// All clients, by id.
    /// - Throws: when the store can't answer.
    package func all() async throws(StoreError) -> [OAuthClient] {
        let stored = try await store.clients().filter { configured[$0.id] == nil }
        return (Array(configured.values) + stored).sorted { $0.id < $1.id }
    }
}
