import Configuration
import Testing

@Suite struct AuthorizationServerSettingsTests {
    private func settings(_ text: String) throws -> AuthorizationServerSettings {
        let report = Sample.read(text)
        #expect(report.faults.map(\.description) == [])
        return try #require(report.configuration?.authorizationServer)
    }

    @Test func `what is not written is as documented`() throws {
        let report = try Sample.read(changing: ["storage": "\"sqlite:x\"", "authorization_server": "{}"])
        let server = try #require(report.configuration?.authorizationServer)
        #expect(server.basePath == "/oauth")
        #expect(server.accessTokenLifetime == .seconds(600))
        #expect(server.refreshToken.idleLifetime == .seconds(14 * 86_400))
        #expect(server.refreshToken.absoluteLifetime == .seconds(90 * 86_400))
        #expect(server.refreshToken.reuseInterval == .seconds(10))
        #expect(server.codeLifetime == .seconds(60))
        #expect(server.pkce == .always)
        #expect(server.consentLifetime == .seconds(30 * 86_400))
        #expect(server.clients == [])
        #expect(server.session.idleLifetime == .seconds(3600))
        #expect(server.session.absoluteLifetime == .seconds(43_200))
        #expect(server.passwords == PasswordSettings.standard)
        #expect(server.pages.templateFolder == nil)
        #expect(server.pages.productName == "Gatehouse")
        let limits = try #require(report.configuration?.limits)
        #expect(limits.login.perUser?.count == 5)
        #expect(limits.login.perUser?.period == .seconds(900))
        #expect(limits.login.perAddress?.count == 30)
        #expect(limits.token.perClient?.count == 60)
        #expect(limits.token.perClient?.period == .seconds(60))
        #expect(report.configuration?.logging.audit == .off)
    }

    @Test func `what is written is read`() throws {
        let server = try settings(Sample.full)
        #expect(server.pkce == .publicClients)
        #expect(server.refreshToken.idleLifetime == .seconds(7 * 86_400))
        #expect(server.refreshToken.reuseInterval == .zero)
        #expect(server.codeLifetime == .seconds(30))
        #expect(server.consentLifetime == .zero)
        #expect(server.session.absoluteLifetime == .seconds(86_400))
        #expect(server.passwords.memory == 64 << 20)
        #expect(server.passwords.iterations == 3)
        #expect(server.passwords.threads == 1)
        #expect(server.pages.templateFolder == "/etc/gw/pages")
        #expect(server.pages.productName == "Notes")
        let configuration = try #require(Sample.read(Sample.full).configuration)
        #expect(configuration.scopes.map(\.isRestricted) == [true, true])
        #expect(configuration.limits.login.perUser == nil)
        #expect(configuration.limits.login.perAddress?.count == 3)
        #expect(configuration.limits.token.perClient?.count == 9)
        #expect(configuration.logging.audit == .file(path: "/etc/gw/audit.log"))
    }

    @Test func `a client is an RFC 7591 document with an id`() throws {
        let clients = try settings(Sample.full).clients
        let desktop = try #require(clients.first)
        #expect(desktop.id == "desktop")
        #expect(desktop.name == "Notes Desktop")
        #expect(desktop.authenticationMethod == .none)
        #expect(desktop.secret == nil)
        #expect(
            desktop.redirectURIs.map(\.text) == [
                "http://127.0.0.1/cb", "com.example.notes:/cb", "https://notes.example/cb?x=1",
            ]
        )
        #expect(
            desktop.redirectURIs.map(\.kind) == [
                .loopback(host: "127.0.0.1"), .privateUse(scheme: "com.example.notes"), .web(host: "notes.example"),
            ]
        )
        #expect(desktop.grantTypes == [.authorizationCode, .refreshToken])
        #expect(desktop.scopes == ["openid", "notes:read", "notes:write"])
        #expect(desktop.requiredScopes == ["notes:read"])
        #expect(!desktop.mayIntrospect)
        #expect(desktop.idTokenAlgorithm == .es256)
        #expect(desktop.postLogoutRedirectURIs.map(\.text) == ["https://notes.example/bye"])
        let api = try #require(clients.last)
        #expect(api.secret == .hash("sha256:" + String(repeating: "0a", count: 32)))
        #expect(api.authenticationMethod == .secretPost)
        #expect(api.grantTypes == [])
        #expect(api.mayIntrospect)
        #expect(api.idTokenAlgorithm == .rs256)
    }

    @Test(arguments: [("stdout", AuditDestination.standardOutput), ("off", .off), ("/a", .file(path: "/a"))])
    func `the audit log goes to a file, to standard output or nowhere`(
        text: String,
        destination: AuditDestination
    ) throws {
        let report = try Sample.read(changing: ["logging": "{ \"audit\": \"\(text)\" }"])
        #expect(report.configuration?.logging.audit == destination)
    }
}

extension PasswordSettings {
    /// What OWASP asks for at least: 19 MiB, two passes.
    fileprivate static var standard: PasswordSettings? {
        let report = try? Sample.read(changing: [
            "storage": "\"sqlite:x\"",
            "authorization_server": #"{ "passwords": { "memory": 19922944, "iterations": 2 } }"#,
        ])
        return report?.configuration?.authorizationServer?.passwords
    }
}
