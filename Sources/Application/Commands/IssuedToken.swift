import Configuration
import JSON
import OAuthServer

/// `gatehouse token issue`: a new token and what is known of it.
package struct IssuedToken: Sendable {
    package let token: String
    private let issuance: TokenIssuance
    private let expiresIn: Int64

    /// Signs a token with the keys in the storage, which are made if there are none.
    ///
    /// - Throws: `ApplicationError`.
    package init(_ issuance: TokenIssuance, _ file: ConfigurationFile, now: Int64) async throws(ApplicationError) {
        let configuration = try file.load()
        guard let settings = configuration.authorizationServer else {
            throw .setup("the configuration has no authorization_server, so there are no own tokens")
        }
        let audit = try CommandAudit(configuration, now: now)
        token = try await issuance.issue(configuration, Storage.shared(configuration), now: now)
        audit.record([
            AuditEvent(
                .grantCreated,
                user: issuance.user,
                client: issuance.client,
                scopes: issuance.scopes,
                detail: "gatehouse token issue"
            )
        ])
        self.issuance = issuance
        expiresIn = issuance.lifetime ?? settings.accessTokenLifetime.wholeSeconds
    }

    /// The members of a token response (RFC 6749 §5.1).
    package var json: String {
        var writer = JSONWriter(.pretty)
        writer.beginObject()
        writer.member("access_token", token)
        writer.member("token_type", "Bearer")
        writer.member("expires_in", expiresIn)
        writer.member("scope", issuance.scopes.joined(separator: " "))
        writer.endObject()
        return writer.text
    }
}
