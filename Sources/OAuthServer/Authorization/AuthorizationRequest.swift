import JSON

/// An authorization request that was found valid (RFC 6749 §4.1.1), as it waits for the user.
///
/// It lives sealed in the browser; when it comes back, its client is looked up again.
package struct AuthorizationRequest: Sendable, Equatable {
    /// What the client wants the user to be asked (OpenID Connect Core §3.1.2.1).
    package enum Prompt: String, Sendable, CaseIterable {
        case none
        case login
        case consent
        case selectAccount = "select_account"
    }

    package var clientID: String
    package var redirectURI: String
    /// Whether the request named it; then the token request must repeat it (RFC 6749 §4.1.3).
    package var redirectURIWasSent: Bool
    package var state: String?
    /// In the order of the request; each is declared and registered for the client.
    package var scopes: [String]
    package var resource: String
    package var nonce: String?
    /// The S256 challenge (RFC 7636 §4.2).
    package var codeChallenge: String?
    package var prompts: Set<Prompt>
    /// How many seconds ago the user may have signed in.
    package var maximumAge: Int64?
    /// Who will sign in, the client thinks; only fills the form.
    package var loginHint: String?
    /// Who must be signed in: the subject of the `id_token_hint`.
    package var requiredUser: String?
    /// When it arrived; seconds since 1970.
    package var receivedAt: Int64
    /// Whether the user has signed in for it; set it after each sign-in, or `prompt=login` asks for ever.
    package var hasSignedIn: Bool = false
}

extension AuthorizationRequest {
    /// As bytes, to be sealed.
    package func encoded() -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("client", clientID)
        writer.member("redirect", redirectURI)
        writer.member("redirect_sent", redirectURIWasSent)
        if let state { writer.member("state", state) }
        writer.member("scopes", scopes)
        writer.member("resource", resource)
        if let nonce { writer.member("nonce", nonce) }
        if let codeChallenge { writer.member("challenge", codeChallenge) }
        writer.member("prompts", prompts.map(\.rawValue).sorted())
        if let maximumAge { writer.member("max_age", maximumAge) }
        if let loginHint { writer.member("login_hint", loginHint) }
        if let requiredUser { writer.member("user", requiredUser) }
        writer.member("received", receivedAt)
        writer.member("signed_in", hasSignedIn)
        writer.endObject()
        return writer.bytes
    }

    /// From what `encoded` made; nil for anything else.
    package init?(encoded bytes: [UInt8]) {
        guard let node = try? JSONParser.parse(bytes),
            let clientID = node["client"]?.string, let redirectURI = node["redirect"]?.string,
            let redirectURIWasSent = node["redirect_sent"]?.bool, let scopes = Self.strings(node["scopes"]),
            let resource = node["resource"]?.string, let prompts = Self.strings(node["prompts"]),
            let receivedAt = node["received"]?.int64, let hasSignedIn = node["signed_in"]?.bool
        else { return nil }
        self.init(
            clientID: clientID,
            redirectURI: redirectURI,
            redirectURIWasSent: redirectURIWasSent,
            state: node["state"]?.string,
            scopes: scopes,
            resource: resource,
            nonce: node["nonce"]?.string,
            codeChallenge: node["challenge"]?.string,
            prompts: Set(prompts.compactMap(Prompt.init(rawValue:))),
            maximumAge: node["max_age"]?.int64,
            loginHint: node["login_hint"]?.string,
            requiredUser: node["user"]?.string,
            receivedAt: receivedAt,
            hasSignedIn: hasSignedIn
        )
    }

    private static func strings(_ node: JSONNode?) -> [String]? {
        guard let elements = node?.array else { return nil }
        let strings = elements.compactMap(\.string)
        return strings.count == elements.count ? strings : nil
    }
}
