/// A client that the file registers, named as in RFC 7591 §2.
package struct ClientSettings: Sendable, Equatable {
    /// How it proves who it is at the token endpoint.
    package enum AuthenticationMethod: String, Sendable, CaseIterable {
        case secretBasic = "client_secret_basic"
        case secretPost = "client_secret_post"
        case none
    }

    /// What it may present at the token endpoint.
    package enum GrantType: String, Sendable, CaseIterable {
        case authorizationCode = "authorization_code"
        case refreshToken = "refresh_token"
        case clientCredentials = "client_credentials"
    }

    package let id: String
    /// Nil: the id.
    package let name: String?
    package let authenticationMethod: AuthenticationMethod
    /// Nil for a public client, and only then.
    package let secret: SecretReference?
    package let redirectURIs: [RedirectURI]
    package let grantTypes: [GrantType]
    package let scopes: [String]
    /// Those that a user can't untick; each is one of `scopes`.
    package let requiredScopes: [String]
    /// Whether it may ask about tokens of other clients (RFC 7662).
    package let mayIntrospect: Bool
    package let idTokenAlgorithm: OwnAlgorithm
    package let postLogoutRedirectURIs: [RedirectURI]
}

extension ClientSettings: ConfigurationSection {
    static let title = "authorization_server.clients[]"
    static let summary = """
        Programs that may ask for tokens: RFC 7591 documents with a `client_id`. Members of that standard which only
        describe the client are accepted, and nothing is done with them.
        """

    init?(_ reader: SectionReader) {
        let id = reader.required("client_id", .clientID, "What it calls itself.")
        name = reader.optional("client_name", .text, "What users know it by. Absent: its id.")
        authenticationMethod = reader.value(
            "token_endpoint_auth_method",
            .word(laterWords: ["private_key_jwt"]),
            default: "client_secret_basic",
            "How it proves who it is; `none` for a program that can't keep a secret, such as one in a browser or on a phone."
        )
        secret = reader.optional(
            "client_secret",
            .clientSecret,
            "Its secret, or the SHA-256 of it; not with `none`. Best 256 random bits: `openssl rand -base64 32`."
        )
        redirectURIs = Self.readRedirectURIs(reader)
        postLogoutRedirectURIs = Self.readPostLogoutRedirectURIs(reader)
        grantTypes = reader.value(
            "grant_types",
            .list(of: .word(laterWords: Self.laterGrantTypes), unique: \.rawValue),
            default: ["authorization_code"],
            "What it may present at the token endpoint."
        )
        let scopes = reader.required("scope", .scopeList, "What it may ask for, with spaces between the names.")
        requiredScopes = reader.value(
            "required_scope",
            .scopeList,
            default: "",
            "Those of `scope` without which it is of no use: a user can't untick them."
        )
        mayIntrospect = reader.value(
            "introspect",
            .bool,
            default: false,
            "Whether it may ask about the tokens of other clients (RFC 7662), as an API would."
        )
        idTokenAlgorithm = reader.value(
            "id_token_signed_response_alg",
            .word(),
            default: "RS256",
            "What its ID tokens are signed with."
        )
        Self.describeRest(reader)
        guard let id, let scopes else { return nil }
        self.id = id
        self.scopes = scopes
        check(reader)
    }

    private static let laterGrantTypes = ["urn:ietf:params:oauth:grant-type:device_code"]

    private static func readRedirectURIs(_ reader: SectionReader) -> [RedirectURI] {
        reader.value(
            "redirect_uris",
            .list(of: .redirectURI, unique: \.text),
            default: [],
            """
            Where its users come back to, compared byte for byte; only the port of an address of the user's own machine may \
            vary.
            """
        )
    }

    private static func readPostLogoutRedirectURIs(_ reader: SectionReader) -> [RedirectURI] {
        reader.value(
            "post_logout_redirect_uris",
            .list(of: .redirectURI, unique: \.text),
            default: [],
            "Where its users may come back to when they have signed out."
        )
    }

    /// What the standard has beside that.
    private static func describeRest(_ reader: SectionReader) {
        _ = reader.value(
            "response_types",
            .list(of: Kind<String>.word(["code"])),
            default: ["code"],
            "Only `code`: no token is ever sent through a browser's address bar."
        )
        reader.later("jwks_uri", Kind<String>.text, "Where its own keys are.")
        reader.later("jwks", .anyObject, "Its own keys.")
        for member in ["client_uri", "logo_uri", "policy_uri", "tos_uri", "software_id", "software_version"] {
            _ = reader.optional(member, Kind<String>.text, "Described, not used.")
        }
        _ = reader.optional("contacts", .list(of: Kind<String>.text), "Described, not used.")
        _ = reader.optional("client_id_issued_at", .integer(0...Int64.max), "Described, not used.")
        _ = reader.optional("client_secret_expires_at", .integer(0...0), "Secrets do not expire: 0.")
    }
}

extension ClientSettings {
    /// The rules between members.
    private func check(_ reader: SectionReader) {
        // What a faulty value left out must not look like a second fault.
        let node = reader.cursor.node
        if node["token_endpoint_auth_method"]?.string ?? authenticationMethod.rawValue == authenticationMethod.rawValue
        {
            checkSecret(reader)
        }
        if node["grant_types"]?.array?.count ?? grantTypes.count == grantTypes.count { checkGrantTypes(reader) }
        for scope in requiredScopes where !scopes.contains(scope) {
            reader.fault("\(scope.quoted) is not in \"scope\"", at: "required_scope")
        }
        if scopes.isEmpty, !grantTypes.isEmpty {
            reader.fault("no scope: nothing could be asked for", at: "scope")
        }
        for (index, uri) in redirectURIs.enumerated() where uri.text.contains("*") {
            let problem = "the * in a redirect URI stands for itself: it is compared byte for byte"
            reader.context.warn(problem, at: reader.cursor.pointer.components + ["redirect_uris", String(index)])
        }
    }

    private func checkSecret(_ reader: SectionReader) {
        let isPublic = authenticationMethod == .none
        if isPublic, secret != nil {
            reader.fault("a secret of a client whose token_endpoint_auth_method is \"none\"", at: "client_secret")
        }
        if !isPublic, !reader.has("client_secret") {
            let method = authenticationMethod.rawValue.quoted
            reader.fault(
                "the member \"client_secret\" is missing: token_endpoint_auth_method is \(method)",
                allowed: "a secret, or token_endpoint_auth_method \"none\""
            )
        }
        // RFC 7662 §2.1: whoever asks must have proved who they are.
        if isPublic, mayIntrospect { reader.fault("a client without a secret", at: "introspect") }
    }

    private func checkGrantTypes(_ reader: SectionReader) {
        let hasCode = grantTypes.contains(.authorizationCode)
        if hasCode, !reader.has("redirect_uris") || reader.cursor.node["redirect_uris"]?.array?.isEmpty == true {
            reader.fault("no redirect_uris: the grant type authorization_code needs one", at: "redirect_uris")
        }
        if !hasCode, !redirectURIs.isEmpty {
            reader.fault("redirect_uris without the grant type authorization_code", at: "redirect_uris")
        }
        if grantTypes.contains(.refreshToken), !hasCode {
            reader.fault(
                "the grant type refresh_token without authorization_code, which its first one comes from",
                at: "grant_types"
            )
        }
        // RFC 6749 §4.4: only for clients that can prove who they are.
        if grantTypes.contains(.clientCredentials), authenticationMethod == .none {
            reader.fault("the grant type client_credentials of a client without a secret", at: "grant_types")
        }
        if grantTypes.isEmpty, !mayIntrospect { reader.warn("a client that can do nothing", at: "grant_types") }
    }
}

extension Kind where Value == String {
    /// RFC 6749 appendix A.1, without spaces.
    fileprivate static var clientID: Kind {
        .text("a text of at most 200 printable ASCII characters without spaces", pattern: "^[!-~]{1,200}$") {
            (text, _) throws(ValueFault) in
            guard (1...200).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw ValueFault("not a client id")
            }
            guard !text.lowercased().hasPrefix("https:") else {
                throw ValueFault("a client id that is an https URL stands for a client metadata document")
            }
            return text
        }
    }
}

extension Kind where Value == SecretReference {
    /// A client's secret, or its SHA-256: it is random, so it needs no slow hash.
    fileprivate static var clientSecret: Kind {
        secret(allowsHash: true).checked { secret, cursor in
            switch secret {
            case .hash(let text) where !text.hasPrefix("sha256:"):
                cursor.fault("a password hash of a client's secret", allowed: "{ \"hash\": \"sha256:HEX\" }")
                return false
            case .literal(let text) where text.bytes.count < 16:
                cursor.warn("a secret that can be guessed: it has less than 16 characters")
                return true
            default: return true
            }
        }
    }
}
