import Configuration
import Testing

@Suite struct LaterMemberTests {
    private static let server = #""authorization_server""#

    @Test(arguments: [
        (#"{ "clients": [ { "client_id": "a" } ] }"#, "/clients"),
        (#"{ "require_pkce": "public_clients" }"#, "/require_pkce"),
        (#"{ "refresh_token": { "idle_lifetime": "1d" } }"#, "/refresh_token/idle_lifetime"),
        (#"{ "authorization_code": { "lifetime": "30s" } }"#, "/authorization_code/lifetime"),
        (#"{ "consent": { "remember_for": "1d" } }"#, "/consent/remember_for"),
        (#"{ "session": { "idle_lifetime": "2h" } }"#, "/session/idle_lifetime"),
        (#"{ "passwords": { "threads": 2 } }"#, "/passwords/threads"),
        (#"{ "pages": { "product_name": "X" } }"#, "/pages/product_name"),
        (#"{ "client_registration": { "dynamic": { "enabled": true } } }"#, "/client_registration/dynamic/enabled"),
        (
            #"{ "client_registration": { "metadata_documents": { "allowed_hosts": ["a.example"] } } }"#,
            "/client_registration/metadata_documents/allowed_hosts"
        ),
    ])
    func `the authorization server refuses what comes later`(value: String, pointer: String) throws {
        let report = try Sample.read(changing: ["storage": "\"sqlite:x\"", "authorization_server": value])
        #expect(report.faults.map(\.pointer) == ["/authorization_server" + pointer])
        #expect(report.faults.first?.problem.hasSuffix("is not supported yet") == true)
    }

    @Test(arguments: [
        ("limits", #"{ "login": { "per_user": "off" } }"#, "/limits/login/per_user"),
        ("limits", #"{ "token": { "per_client": "1/1s" } }"#, "/limits/token/per_client"),
        ("limits", #"{ "requests": { "per_user": "5/1s" } }"#, "/limits/requests/per_user"),
        ("logging", #"{ "audit": "stdout" }"#, "/logging/audit"), ("storage", "\"postgres://u:p@h/d\"", "/storage"),
        ("forwarding", #"{ "assertion_header": "X-Assertion" }"#, "/forwarding/assertion_header"),
        ("scopes", #"{ "a": { "description": "A", "restricted": true } }"#, "/scopes/a/restricted"),
        ("listeners", #"[ { "address": "127.0.0.1:1", "proxy_protocol": true } ]"#, "/listeners/0/proxy_protocol"),
        (
            "listeners",
            #"[ { "address": "127.0.0.1:1", "tls": { "self_signed": true, "client_certificate": "required" } } ]"#,
            "/listeners/0/tls/client_certificate"
        ),
        (
            "listeners", #"[ { "address": "127.0.0.1:1", "tls": { "self_signed": true, "client_ca_file": "a" } } ]"#,
            "/listeners/0/tls/client_ca_file"
        ),
        ("upstreams", #"{ "api": { "servers": ["h2c://a"] } }"#, "/upstreams/api/servers/0"),
        ("upstreams", #"{ "api": { "servers": ["http://a"], "balance": "hash_user" } }"#, "/upstreams/api/balance"),
        (
            "upstreams", #"{ "api": { "servers": ["http://a"], "health_check": { "path": "/h" } } }"#,
            "/upstreams/api/health_check"
        ),
        (
            "upstreams", #"{ "api": { "servers": ["http://a"], "credentials": { "bearer": { "env": "T" } } } }"#,
            "/upstreams/api/credentials"
        ),
        ("trusted_issuers", #"[ { "issuer": "https://a", "audiences": ["b"] } ]"#, "/trusted_issuers/0"),
        (
            "trusted_issuers", #"[ { "issuer": "https://a", "audiences": ["b"], "jwks_uri": "https://a/k" } ]"#,
            "/trusted_issuers/0/jwks_uri"
        ),
    ])
    func `a member whose feature comes later is refused, never ignored`(
        name: String,
        value: String,
        pointer: String
    ) throws {
        let report = try Sample.read(changing: [name: value])
        #expect(report.faults.map(\.pointer) == [pointer])
        #expect(report.faults.first?.problem.contains("not supported yet") == true)
    }

    @Test(arguments: [
        (#""rate_limit": "5/1s""#, "rate_limit"), (#""enforcement": "report""#, "enforcement"),
        (#""legacy_credentials": { "basic": {} }"#, "legacy_credentials"),
    ])
    func `a route refuses what comes later`(member: String, name: String) throws {
        let report = try Sample.read(route: #""access": "public", "# + member)
        #expect(report.faults.map(\.pointer) == ["/routes/0/\(name)"])
        #expect(report.faults.first?.problem.contains("not supported yet") == true)
    }

    @Test func `what comes later is checked nevertheless`() throws {
        let report = try Sample.read(changing: ["limits": #"{ "login": { "per_user": "5", "per_usr": "1/1s" } }"#])
        #expect(
            report.faults.map(place) == [
                "/limits/login/per_user: not a rate", "/limits/login/per_usr: unknown member \"per_usr\"",
            ]
        )
    }

    @Test func `a secret is not shown`() throws {
        let values = [
            #"{ "api": { "servers": ["http://a"], "credentials": { "bearer": "hunter2" } } }"#,
            #"{ "api": { "servers": ["http://a"], "credentials": { "basic": { "user": "u", "password": 7777777 } } } }"#,
        ]
        for value in values {
            let report = try Sample.read(changing: ["upstreams": value, "storage": "\"postgres://u:hunter2@h/d\""])
            let text = (report.faults + report.warnings).map(\.description).joined()
            #expect(!text.isEmpty)
            #expect(!text.contains("hunter2"))
            #expect(!text.contains("7777777"))
        }
    }
}
