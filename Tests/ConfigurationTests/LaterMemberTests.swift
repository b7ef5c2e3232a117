import Configuration
import Testing

@Suite struct LaterMemberTests {
    private static let client = #"""
        "client_id": "a", "client_secret": { "env": "A" }, "redirect_uris": ["https://a/cb"], "scope": "openid"
        """#

    @Test(arguments: [
        (
            #"{ "clients": [ { "token_endpoint_auth_method": "private_key_jwt", \#(Self.client) } ] }"#,
            "/clients/0/token_endpoint_auth_method"
        ),
        (#"{ "clients": [ { "jwks_uri": "https://a/k", \#(Self.client) } ] }"#, "/clients/0/jwks_uri"),
        (#"{ "clients": [ { "jwks": { "keys": [] }, \#(Self.client) } ] }"#, "/clients/0/jwks"),
        (
            #"{ "clients": [ { "grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"], \#(Self.client) } ] }"#,
            "/clients/0/grant_types/1"
        ),
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
        ("limits", #"{ "requests": { "per_user": "5/1s" } }"#, "/limits/requests/per_user"),
        ("storage", "\"postgres://u:p@h/d\"", "/storage"),
        ("forwarding", #"{ "assertion_header": "X-Assertion" }"#, "/forwarding/assertion_header"),
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
        let report = try Sample.read(changing: ["limits": #"{ "requests": { "per_user": "5", "per_usr": "1/1s" } }"#])
        #expect(
            report.faults.map(place) == [
                "/limits/requests/per_user: not a rate", "/limits/requests/per_usr: unknown member \"per_usr\"",
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
