/// What the demo serves where there is no `gateway.json`; the same as the one at the top of the repository.
package enum DemoConfigurationText {
    package static let text = """
        {
          "$schema": "./gateway.schema.json",
          "issuer": "https://localhost:8443",
          "listeners": [ { "address": "127.0.0.1:8443", "tls": { "self_signed": true } } ],
          "admin": { "address": "127.0.0.1:9901" },
          "storage": "sqlite:data/gatehouse.db",
          "scopes": {
            "notes:read":  "Read your notes",
            "notes:write": { "description": "Write notes as you", "implies": ["notes:read"] }
          },
          "upstreams": {
            "legacy": { "servers": ["http://127.0.0.1:9000"] }
          },
          "routes": [
            { "path": "/public/**", "access": "public", "upstream": "legacy" },
            { "path": "/notes/**", "methods": ["GET", "HEAD"], "scopes": ["notes:read"], "upstream": "legacy" },
            { "path": "/notes/**", "methods": ["POST", "PUT", "DELETE"], "scopes": ["notes:write"], "upstream": "legacy" }
          ],
          "authorization_server": {},
          "trusted_issuers": []
        }

        """
}
