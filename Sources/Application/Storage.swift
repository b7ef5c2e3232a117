import Configuration
import Crypto
import Glibc
import JWT
import OAuthServer
import SQLiteStore

/// Where keys and revocations are kept, opened.
///
/// Its calls block and belong off the event loops.
package struct Storage: Sendable {
    package let signingKeys: any SigningKeyStore
    package let revocations: any RevocationStore
    /// Clients, users, grants and sessions; nil where the gateway only enforces.
    package let authorization: (any AuthorizationStore)?
    /// Nil where the gateway only enforces.
    let secrets: AuthorizationSecrets?
    /// Seals private keys at rest; nil where there are none because the gateway only enforces.
    private let sealingKey: SealingKey?
    private let policy: SigningKeyPolicy
    private let watcher: SQLiteChangeWatcher?

    /// Opens what the configuration names; makes it where it is missing.
    ///
    /// - Throws: `ApplicationError.storage` with the reason.
    package init(_ configuration: GatewayConfiguration) throws(ApplicationError) {
        policy = SigningKeyPolicy(configuration)
        let isIssuer = configuration.authorizationServer != nil
        switch configuration.storage {
        case .memory:
            let revocations = MemoryRevocationStore()
            signingKeys = MemorySigningKeyStore()
            self.revocations = revocations
            authorization = isIssuer ? MemoryAuthorizationStore(revocations: revocations) : nil
            watcher = nil
        case .sqlite(let path):
            do throws(StoreError) {
                let database = try SQLiteDatabase(path: path)
                signingKeys = SQLiteSigningKeyStore(database)
                revocations = SQLiteRevocationStore(database)
                let faults = StorageFaultLog()
                authorization =
                    isIssuer
                    ? SQLiteAuthorizationStore(database) { faults.note($0, at: SystemClock.unixTime()) } : nil
                watcher = try SQLiteChangeWatcher(database)
            } catch {
                throw .storage("the storage \(path) can't be opened: \(error.description)")
            }
        }
        guard let settings = configuration.authorizationServer else {
            sealingKey = nil
            secrets = nil
            return
        }
        let key = try Self.sealingKey(settings, folder: configuration.storage.folder, seals: signingKeys)
        sealingKey = key
        secrets = AuthorizationSecrets(key)
    }

    /// What is stored already, for commands that only look; nil where nothing is.
    ///
    /// - Throws: `ApplicationError.storage` with the reason.
    package static func existing(_ configuration: GatewayConfiguration) throws(ApplicationError) -> Storage? {
        guard case .sqlite(let path) = configuration.storage, Files.exists(path) else { return nil }
        return try Storage(configuration)
    }

    /// What commands write to: a storage that the server shares.
    ///
    /// - Throws: `ApplicationError.storage` with the reason, `.setup` for one that only the server has.
    package static func shared(_ configuration: GatewayConfiguration) throws(ApplicationError) -> Storage {
        guard configuration.storage != .memory else {
            throw .setup("storage is memory:, which only the running server has; sqlite:PATH is shared with commands")
        }
        return try Storage(configuration)
    }

    /// The life of our own signing keys; nil where the gateway only enforces.
    package var keyRing: SigningKeyRing? {
        sealingKey.map { SigningKeyRing(store: signingKeys, sealingKey: $0, policy: policy) }
    }

    /// What anyone has changed since the last call.
    ///
    /// - Throws: `StoreError` when the storage can't be asked.
    package func changes() throws(StoreError) -> StorageChanges {
        try watcher?.changes() ?? []
    }

    private static func sealingKey(
        _ settings: AuthorizationServerSettings,
        folder: String?,
        seals store: any SigningKeyStore
    ) throws(ApplicationError) -> SealingKey {
        if let reference = settings.encryptionKey { return try sealingKey(reference) }
        guard let folder else { return SealingKey() }
        let path = folder + "/encryption.key"
        do {
            if let key = try EncryptionKeyFile.load(path: path) { return key }
            // A new one would not open the keys that are there; whoever lost the file should hear of it.
            guard try store.signingKeys().isEmpty else {
                throw ApplicationError.storage(
                    "\(path) is missing, and the signing keys in the storage are sealed with it"
                )
            }
            return try EncryptionKeyFile.loadOrCreate(path: path)
        } catch let error as ApplicationError {
            throw error
        } catch {
            throw .storage("\(error)")
        }
    }

    /// The key that a reference leads to.
    ///
    /// - Throws: `ApplicationError.setup` when it can't be had or is too short.
    static func sealingKey(_ reference: SecretReference) throws(ApplicationError) -> SealingKey {
        let bytes: [UInt8]
        do throws(SecretFault) {
            bytes = try reference.resolve(
                environment: { name in getenv(name).map { String(cString: $0) } },
                contentsOfFile: { try? Files.read($0) }
            )
        } catch {
            throw .setup("authorization_server.encryption_key: \(error.description)")
        }
        let key = bytes.withUnsafeBytes { (try? SealingKey(text: $0)) ?? (try? SealingKey(stretching: $0)) }
        guard let key else {
            throw .setup(
                """
                authorization_server.encryption_key must be 32 bytes in hexadecimal digits or base64 \
                (openssl rand -hex 32), or another text of at least \(SealingKey.minimumStretchedSize) bytes
                """
            )
        }
        return key
    }
}

extension SigningKeyPolicy {
    fileprivate init(_ configuration: GatewayConfiguration) {
        let standard = SigningKeyPolicy()
        guard let settings = configuration.authorizationServer else {
            self = standard
            return
        }
        let rotateEvery = max(settings.rotateKeysEvery.wholeSeconds, 1)
        self.init(
            rotateEvery: rotateEvery,
            publicationLead: min(standard.publicationLead, rotateEvery / 2),
            tokenLifetime: settings.accessTokenLifetime.wholeSeconds
        )
    }
}
