/// The gateway as an issuer of its own tokens.
package struct AuthorizationServerSettings: Sendable, Equatable {
    package let basePath: String
    package let accessTokenLifetime: Duration
    package let accessTokenAlgorithm: OwnAlgorithm
    package let refreshToken: RefreshTokenSettings
    package let codeLifetime: Duration
    package let pkce: PKCERequirement
    /// How long a consent is remembered; zero for never.
    package let consentLifetime: Duration
    /// Those of the file; the storage has others.
    package let clients: [ClientSettings]
    package let session: SessionSettings
    package let passwords: PasswordSettings
    package let pages: PageSettings
    package let rotateKeysEvery: Duration
    /// Seals private keys at rest; nil for a file made beside the storage.
    package let encryptionKey: SecretReference?
}

/// An algorithm that own keys exist for.
package enum OwnAlgorithm: String, Sendable, CaseIterable {
    case es256 = "ES256"
    case rs256 = "RS256"
}

/// Which clients must use PKCE (RFC 7636, RFC 9700 §2.1.1).
package enum PKCERequirement: String, Sendable, CaseIterable {
    case always
    case publicClients = "public_clients"
}

extension AuthorizationServerSettings: ConfigurationSection {
    static let title = "authorization_server"
    static let summary = "The gateway as an issuer of its own tokens. Absent: it only enforces."

    // Longer than a screen: a flat list of members, which splitting would only hide.
    init?(_ reader: SectionReader) {
        basePath = reader.value("base_path", .basePath, default: "/oauth", "Where its endpoints are.")
        let token: AccessTokenSettings = reader.value("access_token", .section, default: [:], "Access tokens.")
        refreshToken = reader.value("refresh_token", .section, default: [:], "Refresh tokens.")
        let code: CodeSettings = reader.value("authorization_code", .section, default: [:], "Authorization codes.")
        pkce = reader.value(
            "require_pkce",
            .word(),
            default: "always",
            "Which clients must use PKCE (RFC 7636): all, or only those without a secret."
        )
        let consent: ConsentSettings = reader.value("consent", .section, default: [:], "What users allow.")
        clients = reader.value(
            "clients",
            .list(of: .section, unique: \.id),
            default: [],
            "Clients, beside those in the storage; the same id in both is an error."
        )
        session = reader.value("session", .section, default: [:], "Browser sessions.")
        passwords = reader.value("passwords", .section, default: [:], "How passwords are hashed.")
        pages = reader.value("pages", .section, default: [:], "The pages that people see.")
        let signing: SigningSettings = reader.value("signing", .section, default: [:], "Signing keys.")
        encryptionKey = reader.optional(
            "encryption_key",
            .secret(),
            "A secret that seals private keys at rest. Absent: a file made beside the storage, mode 0600."
        )
        Self.describeRegistration(reader)
        accessTokenLifetime = token.lifetime
        accessTokenAlgorithm = token.algorithm
        codeLifetime = code.lifetime
        consentLifetime = consent.lifetime
        rotateKeysEvery = signing.rotateEvery
    }

    private static func describeRegistration(_ reader: SectionReader) {
        let title = title
        reader.optionalSection("client_registration", title: "\(title).client_registration", "New clients.") { reader in
            let documents = "\(title).client_registration.metadata_documents"
            reader.optionalSection("metadata_documents", title: documents, "Clients known by their https URL.") {
                reader in
                reader.later(
                    "allowed_hosts",
                    .list(of: .hostPattern),
                    default: [],
                    "Hosts whose documents are fetched."
                )
            }
            let dynamic = "\(title).client_registration.dynamic"
            reader.optionalSection("dynamic", title: dynamic, "Dynamic registration (RFC 7591).") { reader in
                reader.later("enabled", .bool, default: false, "Whether clients can register themselves.")
                reader.later("limits", .anyObject, default: [:], "How many.")
            }
        }
    }
}

extension Kind where Value == String {
    /// Where the endpoints are: a literal path without a slash at its end.
    fileprivate static var basePath: Kind {
        literalPath.checked { path, cursor in
            guard path.hasSuffix("/") || path.hasPrefix("/.well-known") else { return true }
            cursor.fault("a base path that is \"/\", ends with a slash or lies in /.well-known", found: cursor.found)
            return false
        }
    }
}
