import Configuration
import Gateway
import JSON
import JWT
import OAuthWeb

extension MetadataDocuments {
    /// The documents that follow from a configuration, our own keys and what the authorization server says of itself.
    init(
        _ snapshot: ServerSnapshot,
        _ ownKeys: SigningKeys?,
        _ server: (oauth: [UInt8], openID: [UInt8])?
    ) {
        let configuration = snapshot.configuration
        var documents: [String: [UInt8]] = [:]
        if let server {
            let issuerPath = configuration.issuer.path == "/" ? "" : configuration.issuer.path
            // RFC 8414 §3.1: the well-known part goes before the issuer's path; OpenID Connect Discovery §4: after it.
            documents["/.well-known/oauth-authorization-server" + issuerPath] = server.oauth
            documents["/.well-known/openid-configuration" + issuerPath] = server.openID
            documents[issuerPath + "/.well-known/openid-configuration"] = server.openID
        }
        if configuration.authorizationServer != nil, let ownKeys {
            documents["/.well-known/jwks.json"] = ownKeys.verificationKeys.publicJSON()
        }
        let issuer = ProtectedResource(resource: configuration.issuer.text, name: nil, documentation: nil)
        let others = configuration.resources.map {
            ProtectedResource(resource: $0.resource, name: $0.resourceName, documentation: $0.documentation)
        }
        for resource in [issuer] + others {
            guard let path = resource.metadataPath(on: configuration.issuer) else { continue }
            documents[path] = resource.document(snapshot)
        }
        self.init(documents)
    }
}

/// A protected resource as its metadata describes it (RFC 9728 §2).
private struct ProtectedResource {
    let resource: String
    let name: String?
    let documentation: String?

    /// Where its metadata is, if that is on our own host.
    func metadataPath(on issuer: WebURL) -> String? {
        let url = BearerChallenge.metadataURL(of: resource)
        let origin = "\(issuer.scheme)://\(issuer.authority)"
        guard url.hasPrefix(origin + "/") else { return nil }
        return String(url.dropFirst(origin.count))
    }

    func document(_ snapshot: ServerSnapshot) -> [UInt8] {
        let configuration = snapshot.configuration
        var writer = JSONWriter(.compact)
        writer.beginObject()
        writer.member("resource", resource)
        if let name { writer.member("resource_name", name) }
        if let documentation { writer.member("resource_documentation", documentation) }
        writer.name("authorization_servers")
        writer.beginArray()
        for issuer in configuration.tokenIssuerNames { writer.string(issuer) }
        writer.endArray()
        if configuration.authorizationServer != nil {
            writer.member(
                "jwks_uri",
                "\(configuration.issuer.scheme)://\(configuration.issuer.authority)/.well-known/jwks.json"
            )
        }
        writer.name("scopes_supported")
        writer.beginArray()
        for scope in scopes(configuration) { writer.string(scope) }
        writer.endArray()
        writer.name("bearer_methods_supported")
        writer.beginArray()
        writer.string("header")
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }

    /// The scopes that a route of this resource asks for, in the order of their declaration: what is advertised is what is
    /// enforced.
    private func scopes(_ configuration: GatewayConfiguration) -> [String] {
        let routes = configuration.routes.filter { ($0.resource ?? configuration.issuer.text) == resource }
        var needed: Set<String> = []
        for route in routes {
            if case .scopes(let all, let any) = route.access { needed.formUnion(all + any) }
        }
        return (configuration.scopes.map(\.name) + GatewayConfiguration.builtInScopes).filter {
            needed.remove($0) != nil
        }
    }
}
