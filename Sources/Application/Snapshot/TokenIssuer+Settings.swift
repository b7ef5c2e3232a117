import Configuration
import Crypto
import JWT

extension TokenIssuer {
    /// A trusted issuer with the keys in its file.
    ///
    /// - Throws: `ApplicationError.file` when the file is not a key set.
    init(_ settings: TrustedIssuerSettings) throws(ApplicationError) {
        self.init(
            issuer: settings.issuer,
            keys: .available(try Self.keys(settings.keysFile)),
            audiences: settings.audiences,
            algorithms: Set(settings.algorithms.compactMap(SignatureAlgorithm.init(name:))),
            clockSkew: settings.clockSkew.wholeSeconds,
            tokenTypes: TokenTypes(
                settings.tokenTypes.compactMap(\.self),
                allowsAbsent: settings.tokenTypes.contains(nil)
            ),
            userNameClaim: settings.userNameClaim,
            userPrefix: settings.userPrefix,
            scopeClaim: settings.scopeClaim,
            scopeMap: Dictionary(
                settings.scopeMap.map { ($0.foreign, $0.scopes) },
                uniquingKeysWith: { first, _ in first }
            )
        )
    }

    private static func keys(_ path: String) throws(ApplicationError) -> JSONWebKeySet {
        let text = try Files.read(path)
        let set: JSONWebKeySet
        do throws(JSONWebKeySetError) {
            set = try JSONWebKeySet(parsing: text, allowsSecrets: true)
        } catch {
            throw .file(path: path, reason: error.description)
        }
        // A set that is empty says that nobody is trusted; one whose keys all fail says something else than was meant.
        guard set.keys.isEmpty, !set.unusable.isEmpty else { return set }
        let faults = set.unusable.map(\.description).joined(separator: "; ")
        throw .file(path: path, reason: "none of its keys can be used: \(faults)")
    }
}

extension JSONWebKeySet.UnusableKey: CustomStringConvertible {
    package var description: String {
        let name = keyID.map { " (kid \"\($0)\")" } ?? ""
        return "key \(index)\(name): \(fault.description)"
    }
}
