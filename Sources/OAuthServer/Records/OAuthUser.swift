/// A person who signs in here.
package struct OAuthUser: Sendable, Equatable {
    /// The `sub` and `preferred_username` of their tokens; never changes.
    package var name: String
    package var email: String?
    package var fullName: String?
    /// A PHC string (Argon2id).
    package var passwordHash: String
    /// The `restricted` scopes that they may allow.
    package var restrictedScopes: [String]
    package var isDisabled: Bool
    /// Seconds since 1970.
    package var createdAt: Int64

    package init(
        name: String,
        email: String? = nil,
        fullName: String? = nil,
        passwordHash: String,
        restrictedScopes: [String] = [],
        isDisabled: Bool = false,
        createdAt: Int64
    ) {
        self.name = name
        self.email = email
        self.fullName = fullName
        self.passwordHash = passwordHash
        self.restrictedScopes = restrictedScopes
        self.isDisabled = isDisabled
        self.createdAt = createdAt
    }
}
