import Configuration
import JSON

/// The configuration that `gatehouse init` writes: small, whole, and with the reasons beside it.
struct InitialConfiguration {
    /// The API that stands behind the gateway.
    let upstream: WebURL
    /// The gateway's own URL.
    let issuer: WebURL

    static let readScope = "api:read"
    static let writeScope = "api:write"

    /// This machine alone is served where the issuer is on it.
    private var listener: String {
        issuer.isLoopback ? "127.0.0.1:\(issuer.port)" : ":\(issuer.port)"
    }

    private var tls: String { issuer.scheme == "https" ? #", "tls": { "self_signed": true }"# : "" }

    private var server: String { "\(upstream.scheme)://\(upstream.authority)" }

    /// What comes before every path at the upstream, if it does not serve from its root.
    private var rewriting: String {
        let prefix = upstream.path.hasSuffix("/") ? String(upstream.path.dropLast()) : upstream.path
        return prefix.isEmpty ? "" : ", \"rewrite_prefix\": \(quoted(prefix))"
    }

    var text: String {
        """
        // What the gateway serves, who may use it, and what is behind it. `gatehouse check` names everything that is wrong
        // here, `gatehouse routes` shows who may do what, and a running gateway takes a changed file over by itself.
        {
          "$schema": "./gateway.schema.json",

          // The URL by which browsers and programs know this gateway, byte for byte.
          "issuer": \(quoted(issuer.text)),
          "listeners": [
            // With a real certificate: "tls": { "certificate_file": "…", "private_key_file": "…" }
            { "address": "\(listener)"\(tls) }
          ],
          // Health, metrics and a status page, for this machine only.
          "admin": { "address": "127.0.0.1:9901" },
          // Keys, users, clients and what users have allowed. To be backed up together with the encryption.key beside it.
          "storage": "sqlite:data/gatehouse.db",

          // What a token can allow. The texts are what people read when a program asks them.
          "scopes": {
            "\(Self.readScope)": "Read your data",
            "\(Self.writeScope)": { "description": "Change your data", "implies": ["\(Self.readScope)"] }
          },
          // The API that knows nothing of tokens. It is told who is calling in the field X-User-Name, and it must not be
          // reachable but through this gateway.
          "upstreams": {
            "api": { "servers": [\(quoted(server))] }
          },
          // The most specific route decides, and what has no route is answered 404. For everybody to read:
          //   { "path": "/public/**", "access": "public", "upstream": "api" }
          "routes": [
            { "path": "/**", "methods": ["GET", "HEAD"], "scopes": ["\(Self.readScope)"], "upstream": "api"\(rewriting) },
            { "path": "/**", "methods": ["POST", "PUT", "PATCH", "DELETE"], "scopes": ["\(Self.writeScope)"], "upstream": "api"\(rewriting) }
          ],

          // The gateway signs people in and gives out the tokens itself. To take those of another issuer too, see
          // "trusted_issuers" in the manual.
          "authorization_server": {},
          // Log-ins, consents, grants and what ended them.
          "logging": { "audit": "data/audit.log" }
        }

        """
    }

    private func quoted(_ text: String) -> String {
        var writer = JSONWriter()
        writer.string(text)
        return writer.text
    }
}
