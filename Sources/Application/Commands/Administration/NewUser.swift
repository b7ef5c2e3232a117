import Configuration
import Foundation

/// A user who is to be added.
package struct NewUser: Sendable {
    package var name: String
    package var email: String?
    package var fullName: String?
    /// The restricted scopes that they may allow.
    package var restrictedScopes: [String]

    package init(name: String, email: String? = nil, fullName: String? = nil, restrictedScopes: [String] = []) {
        self.name = name
        self.email = email
        self.fullName = fullName
        self.restrictedScopes = restrictedScopes
    }

    private static let longestName = 200

    /// The name in one form, however it was typed (Unicode normalization form C).
    ///
    /// - Throws: `ApplicationError.setup` for one that is hard to tell from another or to type.
    func checkedName() throws(ApplicationError) -> String {
        let name = name.precomposedStringWithCanonicalMapping
        guard !name.isEmpty, name.utf8.count <= Self.longestName else {
            throw .setup("a user's name has 1 to \(Self.longestName) bytes")
        }
        guard name.printable == name, !name.contains(where: \.isWhitespace), !name.hasPrefix("-") else {
            throw .setup("\(name.printable) can't be a user's name: no spaces, control characters or hyphen in front")
        }
        for text in [email, fullName].compactMap(\.self) where text.isEmpty || text.printable != text {
            throw .setup("\(text.printable) can't be an e-mail address or a full name")
        }
        if let email {
            let parts = email.split(separator: "@", omittingEmptySubsequences: false)
            guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), !email.contains(where: \.isWhitespace) else {
                throw .setup("\(email.printable) is no e-mail address")
            }
        }
        return name
    }

    /// The scopes, which must be declared and restricted.
    ///
    /// - Throws: `ApplicationError.setup` that names the first that is not.
    func checkedScopes(_ configuration: GatewayConfiguration) throws(ApplicationError) -> [String] {
        let restricted = configuration.scopes.filter(\.isRestricted).map(\.name)
        for scope in restrictedScopes where !restricted.contains(scope) {
            if configuration.scopes.contains(where: { $0.name == scope }) {
                throw .setup("the scope \(scope.printable) is not restricted: every user may allow it")
            }
            let names = restricted.isEmpty ? "none" : restricted.joined(separator: " ")
            let nearest = CommandText.clause(scope, among: restricted)
            throw .setup("the scope \(scope.printable) is not declared\(nearest) (restricted: \(names))")
        }
        return Array(Set(restrictedScopes)).sorted()
    }
}
