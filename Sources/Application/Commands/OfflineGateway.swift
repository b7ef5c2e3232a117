import Configuration
import JWT
import OAuthWeb

/// What a command that serves nothing knows of the gateway: its configuration, keys and revocations.
package struct OfflineGateway: Sendable {
    package let configuration: GatewayConfiguration
    let snapshot: ServerSnapshot
    /// Nil where nothing is stored, or only the running server has it.
    let storage: Storage?
    let ownKeys: SigningKeys?
    let revocations: RevocationList
    let verifier: TokenVerifier

    /// Reads the configuration and what its storage holds; makes nothing.
    ///
    /// - Throws: `ApplicationError`.
    package init(_ file: ConfigurationFile, now: Int64) throws(ApplicationError) {
        configuration = try file.load()
        snapshot = try ServerSnapshot(offline: configuration, path: file.path)
        storage = try Storage.existing(configuration)
        do throws(StoreError) {
            ownKeys = try storage?.keyRing?.load()
            revocations = try storage?.revocations.revocations(at: now) ?? RevocationList()
        } catch {
            throw .storage("the storage can't be used: \(error.description)")
        }
        verifier = snapshot.verifier(ownKeys)
    }

    /// Why own tokens can't be checked here, if they can't.
    package var note: String? {
        guard configuration.authorizationServer != nil, ownKeys?.records.isEmpty ?? true else { return nil }
        if configuration.storage == .memory {
            return "storage is memory:, so only the running server knows its keys: own tokens can't be checked here"
        }
        return "there are no signing keys yet: the first start of the gateway makes them"
    }
}
