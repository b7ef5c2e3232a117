import Configuration
import Testing

@Suite struct ClientRejectionTests {
    private static let secret = #""client_secret": { "env": "S" }"#
    private static let redirect = #""redirect_uris": ["https://a/cb"]"#

    private func report(_ client: String, scopes: String = #"{ "a": "A", "b": "B" }"#) throws -> ConfigurationReport {
        try Sample.read(changing: [
            "scopes": scopes, "storage": "\"sqlite:x\"", "authorization_server": "{ \"clients\": [ { \(client) } ] }",
        ])
    }

    @Test(arguments: [
        (#""scope": "a", \#(secret), \#(redirect)"#, ": the member \"client_id\" is missing"),
        (#""client_id": "c", \#(secret), \#(redirect)"#, ": the member \"scope\" is missing"),
        (#""client_id": "c", "scope": "", \#(secret), \#(redirect)"#, "/scope: no scope: nothing could be asked for"),
        (
            #""client_id": "c", "scope": "a  b", \#(secret), \#(redirect)"#, "/scope: not a list of scopes"
        ),
        (#""client_id": "c", "scope": "a a", \#(secret), \#(redirect)"#, "/scope: not a list of scopes"),
        (
            #""client_id": "c", "scope": "a d", \#(secret), \#(redirect)"#,
            "/scope: \"d\" is not the name of a scope that \"scopes\" declares"
        ),
        (
            #""client_id": "c", "scope": "a", "required_scope": "b", \#(secret), \#(redirect)"#,
            "/required_scope: \"b\" is not in \"scope\""
        ),
        (
            #""client_id": "c", "scope": "a", \#(redirect)"#,
            ": the member \"client_secret\" is missing: token_endpoint_auth_method is \"client_secret_basic\""
        ),
        (
            #""client_id": "c", "scope": "a", "token_endpoint_auth_method": "none", \#(secret), \#(redirect)"#,
            "/client_secret: a secret of a client whose token_endpoint_auth_method is \"none\""
        ),
        (
            #""client_id": "c", "scope": "a", "client_secret": { "hash": "$argon2id$v=19$x" }, \#(redirect)"#,
            "/client_secret: a password hash of a client's secret"
        ),
        (
            #""client_id": "c", "scope": "a", \#(secret)"#,
            ": no redirect_uris: the grant type authorization_code needs one"
        ),
        (
            #""client_id": "c", "scope": "a", \#(secret), \#(redirect), "grant_types": ["client_credentials"]"#,
            "/redirect_uris: redirect_uris without the grant type authorization_code"
        ),
        (
            #""client_id": "c", "scope": "a", \#(secret), "grant_types": ["refresh_token"]"#,
            "/grant_types: the grant type refresh_token without authorization_code, which its first one comes from"
        ),
        (
            #""client_id": "c", "scope": "a", "token_endpoint_auth_method": "none", "grant_types": ["client_credentials"]"#,
            "/grant_types: the grant type client_credentials of a client without a secret"
        ),
        (
            #""client_id": "c", "scope": "a", "token_endpoint_auth_method": "none", "introspect": true, \#(redirect)"#,
            "/introspect: a client without a secret"
        ),
        (
            #""client_id": "c", "scope": "a", \#(secret), \#(redirect), "grant_types": ["password"]"#,
            "/grant_types/0: an unknown value"
        ),
        (
            #""client_id": "c", "scope": "a", \#(secret), \#(redirect), "response_types": ["token"]"#,
            "/response_types/0: an unknown value"
        ),
        (
            #""client_id": "https://c.example/", "scope": "a", \#(secret), \#(redirect)"#,
            "/client_id: a client id that is an https URL stands for a client metadata document"
        ),
        (#""client_id": "a b", "scope": "a", \#(secret), \#(redirect)"#, "/client_id: not a client id"),
        (
            #""client_id": "c", "scope": "a", \#(secret), \#(redirect), "client_secret_expires_at": 1"#,
            "/client_secret_expires_at: a value of the wrong kind or out of range"
        ),
        (
            #""client_id": "c", "scope": "a", \#(secret), \#(redirect), "redirect_uri": "https://a"#,
            "/redirect_uri: unknown member \"redirect_uri\""
        ),
    ])
    func `a client that can't be is refused`(client: String, fault: String) throws {
        let client = client.hasSuffix("https://a") ? client + "\"" : client
        #expect(try report(client).faults.map(place) == ["/authorization_server/clients/0" + fault])
    }

    @Test func `two clients can't have the same id`() throws {
        let client = #"{ "client_id": "c", "scope": "a", \#(Self.secret), \#(Self.redirect) }"#
        let report = try Sample.read(changing: [
            "scopes": #"{ "a": "A" }"#, "storage": "\"sqlite:x\"",
            "authorization_server": "{ \"clients\": [ \(client), \(client) ] }",
        ])
        #expect(report.faults.map(place) == ["/authorization_server/clients/1: repeated"])
    }

    @Test(arguments: [
        "", "/cb", "cb", "//a/cb", "https://", "https:a", "https:/a", "https://a/cb#x", "https://a/cb#", "http://a/cb",
        "http://10.0.0.1/cb", "http://127.0.0.2/cb", "http://localhost.example/cb", "http://127.0.0.1.example/cb",
        "https://u@a/cb", "https://u:p@a/cb", "https://a\\\\@b/cb", "https://a b/cb", "https://a/%zz", "https://a/%2",
        "https://*.example/cb", "https://é.example/cb", "https://a:0/cb", "https://a:99999/cb", "https://[::g]/cb",
        "javascript:alert(1)", "data:text/html,x", "file:///cb", "urn:ietf:wg:oauth:2.0:oob", "myapp:/cb", "1a.b:/cb",
        "https://a/<x>", "ftp://a/cb", "h2c://a/cb", ":/cb", "com.example.app",
    ])
    func `a redirect URI that could lead elsewhere is refused`(uri: String) throws {
        let client = "\"client_id\": \"c\", \"scope\": \"a\", \(Self.secret), \"redirect_uris\": [\"\(uri)\"]"
        #expect(try report(client).faults.map(\.pointer) == ["/authorization_server/clients/0/redirect_uris/0"])
    }

    @Test(arguments: [
        "https://a", "https://a/", "https://a:8443/cb?x=y&z=%20", "https://[2001:db8::1]/cb", "https://127.0.0.1/cb",
        "http://127.0.0.1/cb", "http://[::1]:1234/cb", "http://localhost/cb", "com.example.app:/cb",
        "com.example.app://cb", "https://a/cb?next=b@c", "https://a/@b",
    ])
    func `other redirect URIs keep their bytes`(uri: String) throws {
        let client = "\"client_id\": \"c\", \"scope\": \"a\", \(Self.secret), \"redirect_uris\": [\"\(uri)\"]"
        let clients = try report(client).configuration?.authorizationServer?.clients
        #expect(clients?.first?.redirectURIs.map(\.text) == [uri])
    }

    @Test func `what is probably not meant is warned of`() throws {
        let client = #"""
            "client_id": "c", "client_secret": "hunter2", "redirect_uris": ["https://a/*"], "scope": "a"
            """#
        let warnings = try report(client).warnings
        #expect(
            warnings.map(\.pointer) == [
                "/scopes/a", "/scopes/b", "/authorization_server/clients/0/client_secret",
                "/authorization_server/clients/0/client_secret", "/authorization_server/clients/0/redirect_uris/0",
            ]
        )
        #expect(!warnings.map(\.description).joined().contains("hunter2"))
    }

    @Test func `a client that acts for itself can't have what only users may allow`() throws {
        let client = #""client_id": "c", \#(Self.secret), "grant_types": ["client_credentials"], "scope": "a b openid""#
        let scopes = #"{ "a": "A", "b": { "description": "B", "restricted": true } }"#
        let warnings = try report(client, scopes: scopes).warnings.filter { $0.pointer.contains("clients") }
        #expect(warnings.map(\.pointer) == Array(repeating: "/authorization_server/clients/0/scope", count: 2))
    }

    @Test func `a scope that anybody may allow can't bring a restricted one`() throws {
        let scopes =
            #"{ "a": { "description": "A", "restricted": true }, "b": { "description": "B", "implies": ["a"] } }"#
        let report = try Sample.read(changing: ["scopes": scopes])
        #expect(report.faults.map(\.pointer) == ["/scopes/b/implies/0"])
    }

    @Test(arguments: [
        (#"{ "refresh_token": { "idle_lifetime": "100d" } }"#, "/refresh_token/idle_lifetime"),
        (#"{ "refresh_token": { "absolute_lifetime": "1d" } }"#, "/refresh_token/absolute_lifetime"),
        (#"{ "refresh_token": { "reuse_interval": "6m" } }"#, "/refresh_token/reuse_interval"),
        (#"{ "authorization_code": { "lifetime": "11m" } }"#, "/authorization_code/lifetime"),
        (#"{ "authorization_code": { "lifetime": "0s" } }"#, "/authorization_code/lifetime"),
        (#"{ "require_pkce": "never" }"#, "/require_pkce"),
        (#"{ "consent": { "remember_for": "forever" } }"#, "/consent/remember_for"),
        (#"{ "session": { "idle_lifetime": "13h" } }"#, "/session/idle_lifetime"),
        (#"{ "session": { "absolute_lifetime": "1s" } }"#, "/session/absolute_lifetime"),
        (#"{ "passwords": { "memory": "18MiB" } }"#, "/passwords/memory"),
        (#"{ "passwords": { "iterations": 1 } }"#, "/passwords/iterations"),
        (#"{ "passwords": { "threads": 0 } }"#, "/passwords/threads"),
        (#"{ "pages": { "product_name": "" } }"#, "/pages/product_name"),
    ])
    func `a value that weakens or contradicts is refused`(server: String, pointer: String) throws {
        let report = try Sample.read(changing: ["storage": "\"sqlite:x\"", "authorization_server": server])
        #expect(report.faults.map(\.pointer) == ["/authorization_server" + pointer])
    }
}
