import Foundation
import JSON
import OAuthServer
import Testing

@testable import Application

/// A configuration with a restricted scope, a client of its own and an audit log; and the commands on it.
struct AdministrationFixture {
    let folder: TestFolder
    let file: ConfigurationFile
    let now: Int64 = 1_800_000_000

    init() throws {
        folder = try TestFolder()
        file = try folder.configuration(
            (
                #""scopes": {"#,
                #""logging": { "audit": "data/audit.log" }, "scopes": { "admin": { "description": "A", "restricted": true },"#
            ),
            (
                #""authorization_server": {}"#,
                """
                "authorization_server": { "clients": [ { "client_id": "fixed", "token_endpoint_auth_method": "none",
                  "redirect_uris": ["https://a/cb"], "scope": "notes:read" } ] }
                """
            )
        )
    }

    var users: UserCommands { get throws { try UserCommands(file, now: now) } }
    var clients: ClientCommands { get throws { try ClientCommands(file, now: now) } }
    var grants: GrantCommands { get throws { try GrantCommands(file, now: now) } }
    var store: any AuthorizationStore { get throws { try CommandStore(file, now: now).store } }

    /// The events of the audit log.
    var audit: [String] {
        let text = (try? String(contentsOfFile: folder.path + "/data/audit.log", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { try? JSONParser.parse(Array($0.utf8))["event"]?.string }
    }

    func add(_ user: NewUser, password: String = "correct horse") async throws {
        _ = try await users.add(user) { () throws(ApplicationError) in try NewPassword(Array(password.utf8)) }
    }
}

@Suite struct UserCommandTests {
    private let fixture: AdministrationFixture

    init() throws { fixture = try AdministrationFixture() }

    @Test func `a user is added, shown, disabled, enabled and removed, and the audit log tells it`() async throws {
        let user = NewUser(name: "ada", email: "ada@a.example", fullName: "Ada L", restrictedScopes: ["admin"])
        try await fixture.add(user)
        let stored = try #require(try await fixture.store.user("ada"))
        #expect(stored.email == "ada@a.example" && stored.fullName == "Ada L" && stored.restrictedScopes == ["admin"])
        #expect(stored.passwordHash.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
        let shown = try await fixture.users.show("ada")
        let node = try JSONParser.parse(Array(shown.json.utf8))
        #expect(node["name"]?.string == "ada" && node["grants"]?.array == [] && node["disabled"]?.bool == false)
        #expect(!shown.json.contains("argon2") && !shown.lines.joined().contains("argon2"))
        try await fixture.users.setDisabled(true, user: "ada")
        #expect(try await fixture.users.list().lines[1].contains("disabled"))
        try await fixture.users.setDisabled(false, user: "ada")
        try await fixture.users.remove("ada")
        #expect(try await fixture.users.list().users.isEmpty)
        #expect(fixture.audit == ["user_added", "user_disabled", "user_enabled", "user_removed"])
    }

    @Test func `another password replaces the hash and ends the sessions`() async throws {
        try await fixture.add(NewUser(name: "ada"))
        let before = try await fixture.store.user("ada")?.passwordHash
        let session = BrowserSession(
            idHash: [1],
            userName: "ada",
            authenticatedAt: fixture.now,
            createdAt: fixture.now,
            userAgent: "Firefox"
        )
        try await fixture.store.insertSession(session)
        try await fixture.users.setPassword(of: "ada") { () throws(ApplicationError) in
            try NewPassword(Array("battery staple".utf8))
        }
        #expect(try await fixture.store.user("ada")?.passwordHash != before)
        #expect(try await fixture.store.sessions(ofUser: "ada").isEmpty)
    }

    @Test(arguments: [
        NewUser(name: ""), NewUser(name: "a b"), NewUser(name: "-a"), NewUser(name: "a\u{202E}b"),
        NewUser(name: String(repeating: "x", count: 201)), NewUser(name: "fixed"), NewUser(name: "taken"),
        NewUser(name: "a", email: "a"), NewUser(name: "a", email: "a@b@c"), NewUser(name: "a", fullName: "a\nb"),
        NewUser(name: "a", restrictedScopes: ["notes:read"]), NewUser(name: "a", restrictedScopes: ["admn"]),
    ])
    func `who can't be a user is not added, and no password is asked for`(user: NewUser) async throws {
        try await fixture.add(NewUser(name: "taken"))
        let users = try fixture.users
        await #expect(throws: ApplicationError.self) {
            try await users.add(user) { () throws(ApplicationError) in
                Issue.record("a password was asked for")
                throw .setup("")
            }
        }
        #expect(try await fixture.users.list().users.map(\.name) == ["taken"])
    }

    @Test(arguments: ["short", String(repeating: "x", count: 1025), "Ada-Lovelace"])
    func `a password that can't be one is refused`(password: String) async throws {
        let fixture = fixture
        await #expect(throws: ApplicationError.self) {
            try await fixture.add(NewUser(name: "ada-lovelace"), password: password)
        }
        #expect(try await fixture.users.list().users.isEmpty)
    }

    @Test func `a name has one form, however it was typed`() async throws {
        try await fixture.add(NewUser(name: "bjo\u{308}rn"))
        #expect(try await fixture.store.user("bj\u{F6}rn") != nil)
    }

    @Test func `a name that is not there is told, with the nearest`() async throws {
        try await fixture.add(NewUser(name: "ada"))
        let users = try fixture.users
        for name in ["adda", "bob"] {
            await #expect(throws: ApplicationError.self) { try await users.show(name) }
            await #expect(throws: ApplicationError.self) { try await users.remove(name) }
            await #expect(throws: ApplicationError.self) { try await users.setDisabled(true, user: name) }
        }
        do {
            _ = try await users.show("adda")
        } catch {
            #expect(error.description == #"there is no user adda; did you mean "ada"?"#)
        }
    }

    @Test func `the first line of a password file is the password`() throws {
        let path = try fixture.folder.write("correct horse\r\nsecond line\n", to: "pw")
        #expect(try NewPassword(file: path).text == "correct horse")
        #expect(throws: ApplicationError.self) { try NewPassword(file: path + ".none") }
        #expect(throws: ApplicationError.self) { try NewPassword([0xFF, 0xFE]) }
        let random = try NewPassword.random()
        #expect(random.text.count == 19 && PasswordRule.problem(with: random.text, userName: "x") == nil)
    }
}
