/// What an authorization request turned out to be.
package enum AuthorizationValidation: Sendable {
    /// The user is told; the browser must not be sent on.
    case page(AuthorizationPageError)
    /// The client is told.
    case respond(AuthorizationResponse)
    case valid(AuthorizationRequest, OAuthClient)
}

/// Why a request is answered with a page: nobody knows that the redirect URI is the client's (RFC 6749 §4.1.2.1).
package enum AuthorizationPageError: Error, Sendable, Equatable {
    /// There is no such client; nil where none was named.
    case unknownClient(id: String?)
    case redirectURINotRegistered(client: OAuthClient, uri: String)
    /// The client has several redirect URIs and the request names none, or it is nonsense; the text is for people.
    case malformed(detail: String)
}

/// What comes next for an authorization request.
package enum AuthorizationStep: Sendable {
    case signIn(SignInPrompt)
    case consent(ConsentPrompt)
    case respond(AuthorizationResponse)
    /// The client or its redirect URI has gone while the user was thinking.
    case page(AuthorizationPageError)
}

/// Why the user must sign in.
package enum SignInPrompt: Sendable, Equatable {
    /// Nobody is signed in.
    case first
    /// The client wants to be sure that it is still this user.
    case confirm(user: String)
    /// This user must sign in, and somebody else is.
    case otherAccount(user: String)
}

/// Who is signed in in the browser.
package struct SignedInUser: Sendable, Equatable {
    package var name: String
    /// The restricted scopes that they may allow.
    package var restrictedScopes: [String]
    /// Seconds since 1970.
    package var authenticatedAt: Int64

    package init(name: String, restrictedScopes: [String], authenticatedAt: Int64) {
        self.name = name
        self.restrictedScopes = restrictedScopes
        self.authenticatedAt = authenticatedAt
    }

    package init(_ user: OAuthUser, authenticatedAt: Int64) {
        self.init(name: user.name, restrictedScopes: user.restrictedScopes, authenticatedAt: authenticatedAt)
    }
}

/// What the consent page shows.
package struct ConsentPrompt: Sendable, Equatable {
    package var client: OAuthClient
    package var user: SignedInUser
    /// In the order of the catalogue; empty where the client asks for no scope.
    package var items: [ConsentItem]
    package var redirectURI: String
    package var redirectTarget: RedirectTarget
    /// Whether the answer is remembered.
    package var isRemembered: Bool
    /// How long, in seconds.
    package var consentLifetime: Int64

    /// Whether there are scopes beside those that were allowed before; then those are listed and can't be unticked.
    package var asksForMore: Bool {
        items.contains(where: \.wasAllowed) && !items.allSatisfy(\.wasAllowed)
    }

    /// Whether it is only about who the user is.
    package var isIdentityOnly: Bool { items.allSatisfy { $0.scope == "openid" } }
}

/// One scope on the consent page.
package struct ConsentItem: Sendable, Equatable {
    package var scope: String
    package var description: String
    /// Whether it can't be unticked.
    package var isRequired: Bool
    /// What it implies.
    package var implied: [ScopeDefinition]
    /// Whether the user has allowed it before.
    package var wasAllowed: Bool
}

/// What kind of place a redirect URI leads to.
package enum RedirectTarget: Sendable, Equatable {
    /// A web site; the host with the port unless it is the scheme's own.
    case web(host: String)
    /// A program on the user's own device (RFC 8252 §7.3); by the name `localhost` or by address.
    case loopback(host: String, isLocalhostName: Bool)
    /// An app that owns a URI scheme (RFC 8252 §7.1).
    case privateUse(scheme: String)
}
