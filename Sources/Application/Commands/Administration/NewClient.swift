import Bytes
import Configuration
import Crypto
import JSON
import OAuthServer

/// A client that is to be registered, as the options of `gatehouse client add` say it.
package struct NewClient: Sendable {
    package var id: String?
    package var name: String
    package var redirectURIs: [String] = []
    package var postLogoutRedirectURIs: [String] = []
    package var scope: String?
    package var requiredScope: String?
    /// Nil: what suits the redirect URIs.
    package var grantTypes: [String]?
    /// Nil: `client_secret_basic`, or `none` for a public client.
    package var authenticationMethod: String?
    package var isPublic = false
    package var mayIntrospect = false
    package var idTokenAlgorithm: String?

    package init(id: String? = nil, name: String) {
        self.id = id
        self.name = name
    }

    /// The client by the rules of the configuration, and its secret, which is nowhere else.
    ///
    /// - Throws: `ApplicationError.setup` with everything that is wrong.
    func registered(
        _ configuration: GatewayConfiguration,
        at unixTime: Int64
    ) throws(ApplicationError) -> RegisteredClient {
        let secret = isPublic || authenticationMethod == "none" ? nil : RegisteredClient.makeSecret()
        let read = ClientSettings.read(document(secret), declaring: configuration.scopes.map(\.name))
        guard let settings = read.client else {
            throw .setup(read.faults.map(Self.text).joined(separator: "\n"))
        }
        var client = try OAuthClient(settings)
        client.origin = .storage
        client.createdAt = unixTime
        return RegisteredClient(client: client, secret: secret)
    }

    private func document(_ secret: String?) -> [JSONMember] {
        let hash = secret.map {
            JSONValue.object([.init("hash", .string("sha256:" + Self.hexadecimal(Digest.sha256($0))))])
        }
        let members: [(String, JSONValue?)] = [
            ("client_id", .string(id ?? Self.hexadecimal(SecureRandom.bytes(count: 12)))),
            ("client_name", .string(name)),
            (
                "token_endpoint_auth_method",
                authenticationMethod.map { .string($0) } ?? (isPublic ? .string("none") : nil)
            ),
            ("client_secret", hash),
            ("redirect_uris", .list(redirectURIs)),
            ("post_logout_redirect_uris", .list(postLogoutRedirectURIs)),
            ("grant_types", .list(grantTypes ?? standardGrantTypes)),
            ("scope", .string(scope ?? "")),
            ("required_scope", .string(requiredScope ?? "")),
            ("introspect", .bool(mayIntrospect)),
            ("id_token_signed_response_alg", idTokenAlgorithm.map { .string($0) }),
        ]
        return members.compactMap { name, value in value.map { JSONMember(name, $0) } }
    }

    /// A client with redirect URIs asks users, another one acts for itself, and one that only introspects gets no tokens.
    private var standardGrantTypes: [String] {
        if !redirectURIs.isEmpty || isPublic { return ["authorization_code"] }
        return mayIntrospect && scope == nil ? [] : ["client_credentials"]
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// A fault, with the option in place of the member; what the problem quotes is not repeated.
    private static func text(_ fault: ConfigurationFault) -> String {
        let member = fault.pointer.split(separator: "/").first.map(String.init)
        let place = member.map { (options[$0] ?? $0) + ": " } ?? ""
        let found = fault.found.map { fault.problem.contains($0) ? "" : ", found \($0)" } ?? ""
        let nearest = fault.nearest.map { "; did you mean \"\($0)\"?" } ?? ""
        let allowed = fault.allowed.map { "; allowed: \($0)" } ?? ""
        return place + fault.problem + found + nearest + allowed
    }

    private static let options = [
        "client_id": "--client-id", "client_name": "--name", "redirect_uris": "--redirect-uri", "scope": "--scope",
        "post_logout_redirect_uris": "--post-logout-redirect-uri", "grant_types": "--grant-type",
        "required_scope": "--required-scope", "introspect": "--introspect",
        "token_endpoint_auth_method": "--auth-method",
        "id_token_signed_response_alg": "--id-token-alg",
    ]
}

extension JSONMember {
    fileprivate init(_ name: String, _ value: JSONValue) {
        self.init(name: name, namePosition: .none, value: JSONNode(value: value, position: .none))
    }
}

extension JSONValue {
    fileprivate static func list(_ texts: [String]) -> JSONValue {
        .array(texts.map { JSONNode(value: .string($0), position: .none) })
    }
}

extension JSONPosition {
    /// For what stands in no file.
    fileprivate static let none = JSONPosition(offset: 0, line: 1, column: 1)
}
