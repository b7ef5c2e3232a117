/// What a user has allowed a client before, so that the same is not asked again.
package struct Consent: Sendable, Equatable {
    package var userName: String
    package var clientID: String
    package var scopes: [String]
    /// Seconds since 1970.
    package var grantedAt: Int64
    /// Seconds since 1970.
    package var expiresAt: Int64

    package init(userName: String, clientID: String, scopes: [String], grantedAt: Int64, expiresAt: Int64) {
        self.userName = userName
        self.clientID = clientID
        self.scopes = scopes
        self.grantedAt = grantedAt
        self.expiresAt = expiresAt
    }
}
