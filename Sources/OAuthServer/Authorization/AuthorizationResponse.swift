/// What goes back to the client by way of the browser (RFC 6749 §4.1.2, §4.1.2.1).
package struct AuthorizationResponse: Sendable, Equatable {
    /// Where it goes, without the parameters.
    package let redirectURI: String
    package let target: RedirectTarget
    /// The refusal; nil where it carries a code.
    package let error: OAuthError?
    /// Where the browser goes: the redirect URI with the parameters of the response.
    ///
    /// It may hold a code: never log it.
    package let location: String
}
