import Configuration
import JSON
import Testing

@Suite struct GatewayConfigurationTests {
    @Test func `the least configuration has the documented defaults`() throws {
        let report = Sample.read(Sample.minimal)
        #expect(report.faults.map(\.description) == [])
        #expect(report.warnings.map(\.description) == [])
        let configuration = try #require(report.configuration)
        #expect(configuration.storage == .memory)
        #expect(configuration.admin == nil)
        #expect(configuration.workers == nil)
        #expect(configuration.shutdownTimeout == .seconds(30))
        #expect(configuration.shutdownDelay == .zero)
        #expect(configuration.authorizationServer == nil)
        #expect(configuration.forwarding.userField == "X-User-Name")
        #expect(configuration.forwarding.clientField == "X-Client-Id")
        #expect(configuration.forwarding.underscoreFields == .drop)
        #expect(configuration.limits.targetSize == 8192)
        #expect(configuration.limits.headerSize == 32_768)
        #expect(configuration.limits.headerCount == 100)
        #expect(configuration.limits.bodySize == 10_485_760)
        #expect(configuration.limits.headerTimeout == .seconds(10))
        #expect(configuration.limits.bodyMinimumRate == 500)
        #expect(configuration.limits.idleTimeout == .seconds(75))
        #expect(configuration.limits.connections == 10_000)
        #expect(configuration.listeners.map(\.protocols) == [[.http2, .http1]])
        #expect(configuration.limits.http2.concurrentStreams == 100)
        #expect(configuration.limits.http2.headerTableSize == 4096)
        #expect(configuration.limits.http2.streamWindow == 262_144)
        #expect(configuration.limits.http2.connectionWindow == 1_048_576)
        #expect(configuration.limits.http2.resets == Rate(count: 1000, period: .seconds(30)))
        #expect(configuration.limits.http2.controlFrames == Rate(count: 1000, period: .seconds(10)))
        #expect(configuration.logging.access == .json)
        let upstream = try #require(configuration.upstreams.first)
        #expect(upstream.balance == .roundRobin)
        #expect(upstream.connectTimeout == .seconds(2))
        #expect(upstream.responseTimeout == .seconds(30))
        #expect(upstream.idleTimeout == .seconds(60))
        #expect(upstream.retries == 1)
        #expect(upstream.tls.offersHTTP2)
        let route = try #require(configuration.routes.first)
        #expect(route.closesOnTokenExpiry)
        #expect(!route.forwardsAuthorization)
        #expect(route.methods == nil)
        #expect(route.requestFields.isEmpty)
    }

    @Test func `every member that is there is read`() throws {
        let report = Sample.read(Sample.full)
        #expect(report.faults.map(\.description) == [])
        let configuration = try #require(report.configuration)
        #expect(configuration.issuer.host == "gw.example")
        #expect(configuration.issuer.port == 8443)
        #expect(
            configuration.listeners[0].tls?.certificates.map(\.certificateFile) == [
                "/etc/gw/tls/a.pem", "/etc/gw/tls/b.pem",
            ]
        )
        #expect(configuration.listeners[0].tls?.certificates.first?.privateKeyFile == "/k/a.key")
        #expect(configuration.listeners[0].tls?.minimumVersion == .version13)
        #expect(configuration.listeners[1].address == .tcp(host: "::", port: 8080))
        #expect(configuration.listeners[1].redirectsToHTTPS)
        #expect(configuration.listeners[2].address == .unix(path: "/etc/gw/run/gw.sock"))
        #expect(
            configuration.listeners.map(\.protocols) == [[.http2, .http1], [.http1, .http2Cleartext], [.http2]]
        )
        #expect(configuration.admin?.address == .tcp(host: "127.0.0.1", port: 9901))
        #expect(configuration.storage == .sqlite(path: "/etc/gw/data/gatehouse.db"))
        #expect(configuration.storage.folder == "/etc/gw/data")
        #expect(configuration.scopes.map(\.implies) == [[], ["notes:read"]])
        #expect(configuration.upstreams[0].servers.last == .unix(path: "/etc/gw/api.sock"))
        #expect(configuration.upstreams[0].tls.serverName == "api.internal")
        #expect(!configuration.upstreams[0].tls.offersHTTP2)
        #expect(configuration.authorizationServer?.encryptionKey == .environment("GATEHOUSE_KEY"))
        #expect(configuration.authorizationServer?.accessTokenAlgorithm == .rs256)
        #expect(configuration.trustedIssuers[0].algorithms == ["HS256", "EdDSA"])
        #expect(configuration.trustedIssuers[0].tokenTypes == ["at+jwt", nil])
        #expect(
            configuration.trustedIssuers[0].scopeMap.map(\.scopes) == [["notes:read"], ["notes:read", "notes:write"]]
        )
        #expect(configuration.limits.bodyMinimumRate == nil)
        #expect(configuration.limits.headerSize == 65_536)
        #expect(configuration.limits.http2.concurrentStreams == 250)
        #expect(configuration.limits.http2.headerTableSize == 0)
        #expect(configuration.limits.http2.connectionWindow == 65_536)
        #expect(configuration.limits.http2.resets == Rate(count: 100, period: .seconds(60)))
    }

    @Test func `a plain listener speaks HTTP/1.1 only, unless it says otherwise`() throws {
        let report = try Sample.read(changing: ["listeners": #"[{ "address": "127.0.0.1:1" }]"#])
        #expect(report.configuration?.listeners.map(\.protocols) == [[.http1]])
    }

    @Test func `a route is read with all of its members`() throws {
        let route = try #require(Sample.read(Sample.full).configuration?.routes.first)
        #expect(route.pointer == "/routes/0")
        #expect(route.path.segments == [.literal("notes"), .any, .literal("x")])
        #expect(route.path.coversRest)
        #expect(route.path.literalPrefix == "/notes")
        #expect(route.hosts == ["api.example", "*.example.com"])
        #expect(route.access == .scopes(all: ["notes:read", "openid"], any: ["notes:write"]))
        #expect(route.claims.map(\.name) == ["tenant", "level"])
        #expect(route.claims.map(\.values) == [[.text("a")], [.integer(1), .truth(true)]])
        #expect(route.claimFields.map { [$0.name, $0.claim] } == [["X-Tenant", "tenant"]])
        #expect(route.requestFields.set.map(\.value) == ["yes"])
        #expect(route.requestFields.remove == ["Cookie"])
        #expect(route.cors?.origins == ["https://app.example", "http://localhost:3000"])
        #expect(route.cors?.maximumAge == .zero)
        #expect(route.bodySize == 1 << 30)
    }

    @Test(arguments: [
        (#""name": "x", "methods": ["GET"]"#, "x"),
        (#""methods": ["GET", "PUT"]"#, "GET,PUT /a"),
        (#""methods": ["GET"], "hosts": ["b.test", "*.c.test"]"#, "GET b.test,*.c.test/a"),
        (#""hosts": ["b.test"]"#, "b.test/a"),
    ])
    func `a route without a name is called by its methods, hosts and path`(members: String, label: String) throws {
        let configuration = try #require(try Sample.read(route: "\"access\": \"public\", \(members)").configuration)
        #expect(configuration.routes.map(\.label).contains(label))
    }

    @Test func `a gateway that only enforces needs no storage, no admin and no authorization server`() {
        let report = Sample.read(
            """
            {
              "issuer": "https://127.0.0.1:8443",
              "listeners": [
                { "address": "127.0.0.1:8443", "tls": { "certificate_file": "/w/cert.pem", "private_key_file": "/w/key.pem" } }
              ],
              "storage": "sqlite:/w/gatehouse.db",
              "scopes": { "api.read": "Read" },
              "trusted_issuers": [
                { "issuer": "https://issuer.example/", "jwks_file": "/w/jwks.json", "audiences": ["https://api.example/"],
                  "algorithms": ["RS256", "ES256", "HS256"], "user_name_claim": "name" }
              ],
              "upstreams": { "up": { "servers": ["http://127.0.0.1:9000"] } },
              "routes": [ { "path": "/**", "scopes": ["api.read"], "upstream": "up", "forward_authorization": true, "body_size": "4GiB" } ],
              "limits": { "connections": 8192, "idle_timeout": "300s", "body_size": "4GiB" },
              "logging": { "access": "off" }
            }
            """
        )
        #expect(report.faults.map(\.description) == [])
        #expect(report.warnings.map(\.description) == [])
        #expect(report.configuration?.trustedIssuers.first?.userPrefix == "")
    }

    @Test func `all faults are reported at once, in the order of the file`() {
        let report = Sample.read(
            """
            {
              "issuer": "http://gw.example",
              "listeners": [ { "adress": "127.0.0.1:0" } ],
              "upstreams": { "api": { "servers": [], "conect_timeout": "2s" } },
              "routes": [
                { "path": "notes", "acces": "public", "upstream": "apo" },
                { "path": "/x", "access": "publik", "upstream": "api", "timeout": 5 }
              ],
              "logging": { "level": "verbose" }
            }
            """
        )
        #expect(report.configuration == nil)
        #expect(
            report.faults.map(place) == [
                "/issuer: an issuer without TLS",
                "/listeners/0: the member \"address\" is missing",
                "/listeners/0/adress: unknown member \"adress\"",
                "/upstreams/api/servers: an empty list",
                "/upstreams/api/conect_timeout: unknown member \"conect_timeout\"",
                "/routes/0: nothing says who may use this route",
                "/routes/0/path: a path that does not begin with a slash",
                "/routes/0/acces: unknown member \"acces\"",
                "/routes/0/upstream: not the name of an upstream",
                "/routes/1/access: an unknown value",
                "/routes/1/timeout: a value of the wrong kind",
                "/logging/level: an unknown value",
            ]
        )
        #expect(report.faults.map(\.nearest)[2...4] == ["address", nil, "connect_timeout"])
        #expect(report.faults.map(\.line) == [2, 3, 3, 4, 4, 6, 6, 6, 6, 7, 7, 9])
        let access = report.faults[9]
        #expect(access.found == "\"publik\"")
        #expect(access.nearest == "public")
        #expect(
            access.description
                == """
                7:31: /routes/1/access: an unknown value, found "publik"; did you mean "public"?; allowed: one of "public", \
                "optional", "authenticated", "deny"
                """
        )
    }

    @Test(arguments: ["", "{", "[1", "nothing", "{\"issuer\": \"https://a\", \"issuer\": \"https://a\"}", "\u{FEFF}{}"])
    func `what is no JSON is one fault with its place`(text: String) {
        let report = Sample.read(text)
        #expect(report.configuration == nil)
        #expect(report.faults.count == 1)
    }

    @Test(arguments: ["null", "[]", "\"x\"", "7", "true"])
    func `what is no object is one fault`(text: String) {
        #expect(Sample.read(text).faults.map(place) == [": a value of the wrong kind"])
    }

    @Test func `relative paths start at the file's folder`() throws {
        let text = "{ \"storage\": \"sqlite:x.db\"," + Sample.minimal.dropFirst()
        #expect(Sample.read(text, folder: "").configuration?.storage == .sqlite(path: "x.db"))
        #expect(Sample.read(text, folder: "/").configuration?.storage == .sqlite(path: "/x.db"))
        #expect(Sample.read(text, folder: "a/b").configuration?.storage == .sqlite(path: "a/b/x.db"))
    }
}
