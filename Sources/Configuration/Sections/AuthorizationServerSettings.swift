/// The gateway as an issuer of its own tokens.
package struct AuthorizationServerSettings: Sendable, Equatable {
    package let basePath: String
    package let accessTokenLifetime: Duration
    package let accessTokenAlgorithm: OwnAlgorithm
    package let rotateKeysEvery: Duration
    /// Seals private keys at rest; nil for a file made beside the storage.
    package let encryptionKey: SecretReference?
}

/// An algorithm that own keys exist for.
package enum OwnAlgorithm: String, Sendable, CaseIterable {
    case es256 = "ES256"
    case rs256 = "RS256"
}

extension AuthorizationServerSettings: ConfigurationSection {
    static let title = "authorization_server"
    static let summary = "The gateway as an issuer of its own tokens. Absent: it only enforces."

    init?(_ reader: SectionReader) {
        basePath = reader.value("base_path", .basePath, default: "/oauth", "Where its endpoints are.")
        let token: AccessTokenSettings = reader.value("access_token", .section, default: [:], "Access tokens.")
        let signing: SigningSettings = reader.value("signing", .section, default: [:], "Signing keys.")
        encryptionKey = reader.optional(
            "encryption_key",
            .secret(),
            "A secret that seals private keys at rest. Absent: a file made beside the storage, mode 0600."
        )
        accessTokenLifetime = token.lifetime
        accessTokenAlgorithm = token.algorithm
        rotateKeysEvery = signing.rotateEvery
        reader.later(
            "require_pkce",
            Kind<String>.word(["always", "public_clients"]),
            default: "always",
            "Which clients must use PKCE (RFC 7636)."
        )
        reader.later("clients", .list(of: .anyObject), default: [], "Clients: RFC 7591 documents with a `client_id`.")
        Self.describeGrants(reader)
        Self.describePages(reader)
    }

    private static func describeGrants(_ reader: SectionReader) {
        let title = Self.title
        reader.optionalSection("refresh_token", title: "\(title).refresh_token", "Refresh tokens.") { reader in
            reader.later("idle_lifetime", .duration(), default: "14d", "The time between two uses.")
            reader.later("absolute_lifetime", .duration(), default: "90d", "The time from log-in.")
            reader.later(
                "reuse_interval",
                .duration(allowsZero: true),
                default: "10s",
                "How long a used token gets the same successor again."
            )
        }
        reader.optionalSection("authorization_code", title: "\(title).authorization_code", "Codes.") { reader in
            reader.later("lifetime", .duration(), default: "60s", "How long a code can be redeemed.")
        }
        reader.optionalSection("consent", title: "\(title).consent", "Consent.") { reader in
            reader.later("remember_for", .duration(allowsZero: true), default: "30d", "How long it is not asked again.")
        }
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

    private static func describePages(_ reader: SectionReader) {
        reader.optionalSection("session", title: "\(title).session", "Browser sessions.") { reader in
            reader.later("idle_lifetime", .duration(), default: "1h", "The time between two uses.")
            reader.later("absolute_lifetime", .duration(), default: "12h", "The time from log-in.")
        }
        reader.optionalSection("passwords", title: "\(title).passwords", "Argon2id parameters.") { reader in
            reader.later("memory", .size(19_922_944...4_294_967_296), default: "19MiB", "Memory of one hash.")
            reader.later("iterations", .integer(2...100), default: 2, "Passes over it.")
            reader.later("threads", .integer(1...256), "Threads that hash. Absent: half of the processors.")
        }
        reader.optionalSection("pages", title: "\(title).pages", "The pages that people see.") { reader in
            reader.later("template_folder", .path, "A folder with templates that replace the built-in ones.")
            reader.later("product_name", .text, "The name that they show.")
        }
    }
}

/// The access tokens of our own.
private struct AccessTokenSettings: ConfigurationSection {
    static let title = "authorization_server.access_token"
    static let summary = "The access tokens (RFC 9068)."

    let lifetime: Duration
    let algorithm: OwnAlgorithm

    init?(_ reader: SectionReader) {
        lifetime = reader.value(
            "lifetime",
            .duration(minimum: .seconds(1), maximum: .seconds(86_400 * 30)),
            default: "10m",
            "How long they are valid."
        )
        algorithm = reader.value("algorithm", .word(), default: "ES256", "What they are signed with.")
    }
}

/// The signing keys of our own.
private struct SigningSettings: ConfigurationSection {
    static let title = "authorization_server.signing"
    static let summary = """
        The signing keys. The next one is published before it signs, the last one kept until its last token has expired.
        """

    let rotateEvery: Duration

    init?(_ reader: SectionReader) {
        rotateEvery = reader.value(
            "rotate_every",
            .duration(minimum: .seconds(3600)),
            default: "30d",
            "How long one signs."
        )
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
