import Bytes
import Crypto
import JSON
import OAuthServer

/// Clients to be printed.
package struct ClientList: Sendable {
    private let clients: [OAuthClient]
    private let now: Int64

    init(clients: [OAuthClient], _ now: Int64) {
        self.clients = clients
        self.now = now
    }

    /// The clients as a table.
    package var lines: [String] {
        guard !clients.isEmpty else { return ["There are no clients yet: gatehouse client add --name NAME …"] }
        var table = TextTable(["CLIENT", "NAME", "AUTHENTICATION", "GRANT TYPES", "SCOPES", "WRITTEN IN"])
        for client in clients {
            let types = client.sortedGrantTypes + (client.mayIntrospect ? ["(introspects)"] : [])
            table.append([
                client.id.printable, client.name?.printable ?? "-", client.authenticationMethod.rawValue,
                types.isEmpty ? "-" : types.joined(separator: " "),
                client.scopes.isEmpty ? "-" : client.scopes.joined(separator: " "), client.origin.rawValue,
            ])
        }
        return table.lines
    }

    /// The clients as JSON: a list of RFC 7591 documents.
    package var json: String {
        var writer = JSONWriter(.pretty)
        writer.beginArray()
        for client in clients { RegisteredClient(client: client, secret: nil).write(to: &writer) }
        writer.endArray()
        return writer.text
    }
}

/// A client to be printed, with its secret where it has just been made.
package struct RegisteredClient: Sendable {
    let client: OAuthClient
    let secret: String?

    /// 256 random bits as base64url.
    static func makeSecret() -> String { Base64URL.encode(SecureRandom.bytes(count: 32)) }

    /// What is known, as text.
    package var lines: [String] {
        var table = TextTable(["client id", client.id.printable])
        if let secret {
            table.append(["client secret", secret])
            table.append(["", "It is stored only hashed: this is the one time that it is shown."])
        }
        table.append(["name", client.name?.printable ?? "-"])
        table.append(["authentication", client.authenticationMethod.rawValue])
        table.append(["grant types", client.sortedGrantTypes.joinedOrDash])
        table.append(["scopes", client.scopes.joinedOrDash])
        if !client.requiredScopes.isEmpty { table.append(["required scopes", client.requiredScopes.joinedOrDash]) }
        for uri in client.redirectURIs { table.append(["redirect URI", uri]) }
        for uri in client.postLogoutRedirectURIs { table.append(["after logging out", uri]) }
        if client.mayIntrospect { table.append(["introspection", "of the tokens of all clients"]) }
        table.append(["written in", client.origin.rawValue])
        return table.lines
    }

    /// The RFC 7591 document, as JSON.
    package var json: String {
        var writer = JSONWriter(.pretty)
        write(to: &writer)
        return writer.text
    }

    /// Writes the members of RFC 7591 §3.2.1 and our own.
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("client_id", client.id)
        if let secret {
            writer.member("client_secret", secret)
            // RFC 7591 §3.2.1: required beside a secret; 0 is "never".
            writer.member("client_secret_expires_at", 0)
        }
        if client.createdAt > 0 { writer.member("client_id_issued_at", client.createdAt) }
        if let name = client.name { writer.member("client_name", name) }
        writer.member("token_endpoint_auth_method", client.authenticationMethod.rawValue)
        writer.member("grant_types", client.sortedGrantTypes)
        writer.member("response_types", client.grantTypes.contains(.authorizationCode) ? ["code"] : [])
        writer.member("redirect_uris", client.redirectURIs)
        if !client.postLogoutRedirectURIs.isEmpty {
            writer.member("post_logout_redirect_uris", client.postLogoutRedirectURIs)
        }
        writer.member("scope", client.scopes.joined(separator: " "))
        if !client.requiredScopes.isEmpty {
            writer.member("required_scope", client.requiredScopes.joined(separator: " "))
        }
        writer.member("introspect", client.mayIntrospect)
        writer.member("id_token_signed_response_alg", client.idTokenAlgorithm)
        writer.endObject()
    }
}

extension OAuthClient {
    /// Their names in the order of the standard.
    fileprivate var sortedGrantTypes: [String] { GrantType.allCases.filter(grantTypes.contains).map(\.rawValue) }
}

extension [String] {
    fileprivate var joinedOrDash: String { isEmpty ? "-" : joined(separator: " ") }
}
