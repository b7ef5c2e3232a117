import Configuration
import JSON

/// Configurations that the tests start from.
enum Sample {
    /// The least that is a configuration.
    static let minimal = """
        {
          "issuer": "https://gw.example",
          "listeners": [ { "address": "127.0.0.1:0", "tls": { "self_signed": true } } ],
          "upstreams": { "api": { "servers": ["http://127.0.0.1:9000"] } },
          "routes": [ { "path": "/**", "access": "public", "upstream": "api" } ]
        }
        """

    /// Every member whose feature is there.
    static let full = """
        {
          // comments are fine
          "$schema": "./gateway.schema.json",
          "issuer": "https://gw.example:8443",
          "listeners": [
            { "address": "127.0.0.1:8443", "redirect_to_https": false,
              "tls": { "certificate_file": "tls/a.pem", "private_key_file": "/k/a.key", "minimum_version": "1.3", "hsts": "365d",
                       "certificates": [ { "certificate_file": "tls/b.pem", "private_key_file": "tls/b.key" } ] } },
            { "address": "[::]:8080", "redirect_to_https": true, "proxy_protocol": false, "protocols": ["http/1.1", "h2c"] },
            { "address": "unix:run/gw.sock", "tls": { "self_signed": true }, "protocols": ["h2"] }
          ],
          "admin": { "address": ":9901" },
          "workers": 4, "shutdown_timeout": "1m", "shutdown_delay": "250ms",
          "storage": "sqlite:data/gatehouse.db",
          "scopes": {
            "notes:read": { "description": "Read", "restricted": true },
            "notes:write": { "description": "Write", "implies": ["notes:read"], "restricted": true }
          },
          "upstreams": {
            "api": { "servers": ["https://api.internal:8443", "h2c://grpc.internal", "unix:api.sock"], "balance": "least_requests",
                     "connect_timeout": "1s", "response_timeout": "5s", "idle_timeout": "24h", "retries": 0, "preserve_host": true,
                     "tls": { "ca_file": "ca.pem", "client_certificate_file": "c.pem", "client_key_file": "c.key",
                              "server_name": "API.internal", "http2": false } }
          },
          "routes": [
            { "path": "/notes/*/x/**", "name": "notes", "hosts": ["API.example", "*.example.com"], "methods": ["GET", "PATCH"],
              "scopes": ["notes:read", "openid"], "any_scopes": ["notes:write"], "claims": { "tenant": "a", "level": [1, true] },
              "issuers": ["https://idp.example/"], "resource": "notes", "upstream": "api", "rewrite_prefix": "/v2",
              "user_header": "X-Remote-User", "claim_headers": { "X-Tenant": "tenant" }, "forward_authorization": true,
              "request_headers": { "set": { "X-Gateway": "yes" }, "add": { "X-Also": "a b" }, "remove": ["Cookie"] },
              "response_headers": { "set": { "Cache-Control": "no-store" }, "add": {}, "remove": ["Server"] },
              "path_parameters": true, "method_override": true, "timeout": "10s", "body_size": "1GiB", "rate_limit": "off",
              "cors": { "origins": ["https://app.example", "http://localhost:3000"], "methods": ["GET"], "headers": ["X-A"],
                        "exposed_headers": ["X-B"], "credentials": true, "max_age": "0s" },
              "close_on_token_expiry": false, "enforcement": "enforce" },
            { "path": "/secret", "access": "deny" }
          ],
          "resources": { "notes": { "resource": "https://gw.example/notes", "resource_name": "Notes",
                                    "resource_documentation": "https://gw.example/docs" } },
          "authorization_server": {
            "base_path": "/auth", "access_token": { "lifetime": "5m", "algorithm": "RS256" },
            "signing": { "rotate_every": "7d" }, "encryption_key": { "env": "GATEHOUSE_KEY" }, "require_pkce": "public_clients",
            "clients": [
              { "client_id": "desktop", "client_name": "Notes Desktop", "token_endpoint_auth_method": "none",
                "redirect_uris": ["http://127.0.0.1/cb", "com.example.notes:/cb", "https://notes.example/cb?x=1"],
                "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
                "scope": "openid notes:read notes:write", "required_scope": "notes:read", "id_token_signed_response_alg": "ES256",
                "post_logout_redirect_uris": ["https://notes.example/bye"], "client_uri": "https://notes.example",
                "contacts": ["a@example"], "client_id_issued_at": 1700000000 },
              { "client_id": "api", "client_secret": { "hash": "sha256:\(String(repeating: "0a", count: 32))" },
                "token_endpoint_auth_method": "client_secret_post", "grant_types": [], "scope": "", "introspect": true }
            ],
            "refresh_token": { "idle_lifetime": "7d", "absolute_lifetime": "30d", "reuse_interval": "0s" },
            "authorization_code": { "lifetime": "30s" }, "consent": { "remember_for": "0s" },
            "client_registration": { "metadata_documents": { "allowed_hosts": [] }, "dynamic": { "enabled": false, "limits": {} } },
            "session": { "idle_lifetime": "2h", "absolute_lifetime": "24h" },
            "passwords": { "memory": "64MiB", "iterations": 3, "threads": 1 },
            "pages": { "template_folder": "pages", "product_name": "Notes" }
          },
          "trusted_issuers": [
            { "issuer": "https://idp.example/", "jwks_file": "idp.jwks", "audiences": ["https://api.example/"],
              "algorithms": ["HS256", "Ed25519"], "clock_skew": "0s", "token_types": ["at+jwt", "absent"],
              "user_name_claim": "email", "user_prefix": "idp:", "scope_claim": "scp",
              "scope_map": { "r": "notes:read", "w": ["notes:read", "notes:write"] } }
          ],
          "forwarding": { "user_header": "X-User", "client_header": "X-Client", "scope_header": "X-Scope",
                          "trusted_proxies": ["10.0.0.0/8", "2001:db8::/32", "::1"], "underscore_headers": "reject" },
          "limits": { "target_size": "4KiB", "header_size": 65536, "header_count": 50, "body_size": "4GiB",
                      "header_timeout": "5s", "body_min_rate": "off", "idle_timeout": "300s", "connections": 8192,
                      "connections_per_address": "off",
                      "http2": { "concurrent_streams": 250, "header_table_size": 0, "stream_window": "64KiB",
                                 "connection_window": "64KiB", "resets": "100/1m", "control_frames": "50/1s" },
                      "login": { "per_user": "off", "per_address": "3/1m" },
                      "token": { "per_client": "9/1s" }, "requests": { "per_user": "off", "per_client": "off", "per_address": "off" } },
          "logging": { "level": "debug", "access": "text", "audit": "audit.log" }
        }
        """

    static func read(_ text: String, folder: String = "/etc/gw") -> ConfigurationReport {
        GatewayConfiguration.read(Array(text.utf8), folder: folder)
    }

    /// The minimal configuration with some of its members replaced or further ones added; nil removes one.
    static func read(changing members: KeyValuePairs<String, String?>) throws -> ConfigurationReport {
        let base = try JSONParser.parse(Array(minimal.utf8)).members ?? []
        var texts: [(String, String)] = base.map { member in
            var writer = JSONWriter()
            writer.node(member.value)
            return (member.name, writer.text)
        }
        for (name, text) in members {
            texts.removeAll { $0.0 == name }
            if let text { texts.append((name, text)) }
        }
        return read("{" + texts.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ",\n") + "}")
    }

    /// The minimal configuration with one route, which has these members beside path and upstream.
    static func read(route members: String, path: String = "/a") throws -> ConfigurationReport {
        try read(changing: [
            "scopes": #"{ "a": "A", "b": "B" }"#, "storage": "\"sqlite:x.db\"", "authorization_server": "{}",
            "routes": "[{ \"path\": \"\(path)\", \"upstream\": \"api\", \(members) }]",
        ])
    }
}

/// A fault's place and problem, for comparing.
func place(_ fault: ConfigurationFault) -> String { "\(fault.pointer): \(fault.problem)" }
