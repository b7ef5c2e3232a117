import JSON
import Testing
import Upstream

@testable import Application

@Suite struct InitializationTests {
    private let folder: TestFolder
    private let now: Int64 = 1_800_000_000

    init() throws { folder = try TestFolder() }

    private var file: ConfigurationFile { ConfigurationFile(path: folder.path + "/gateway.json") }

    private func initialize(
        _ upstream: String = "http://127.0.0.1:9000",
        issuer: String = "https://localhost:8443",
        user: String = "admin",
        password: String? = nil
    ) async throws -> InitializationResult {
        try await Initialization(
            file,
            upstream: upstream,
            issuer: issuer,
            userName: user,
            password: try password.map { try NewPassword(Array($0.utf8)) },
            now: now
        ).run()
    }

    @Test func `what is made is a gateway that works`() async throws {
        let result = try await initialize()
        let check = try ConfigurationCheck(file)
        #expect(check.errors.map(\.description) == [] && check.warnings.map(\.description) == [])
        #expect(folder.contents.sorted() == ["data", "gateway.json", "gateway.schema.json"])
        #expect(try SigningKeyCommands(file, now: now).list().records.count == 2)
        #expect(try await UserCommands(file, now: now).list().users.map(\.name) == ["admin"])
        let node = try JSONParser.parse(Array(result.json.utf8))
        let password = try #require(node["password"]?.string)
        #expect(result.lines.joined().contains(password))
        #expect(node["client"]?["redirect_uris"]?.array?.compactMap(\.string) == ["http://127.0.0.1/callback"])
        let token = try await IssuedToken(TokenIssuance(user: "admin", scopes: ["api:write"]), file, now: now).token
        #expect(TokenInspection(token, try OfflineGateway(file, now: now), now: now).isGood)
    }

    @Test func `a path of the API goes before every path, and a password that was chosen is not shown`() async throws {
        let result = try await initialize(
            "https://api.example/v2/",
            issuer: "https://gw.example",
            password: "correct horse"
        )
        let configuration = try file.load()
        #expect(configuration.routes.map(\.rewritePrefix) == ["/v2", "/v2"])
        #expect(configuration.listeners.map(\.address.description) == ["*:443"])
        #expect(!result.json.contains("correct horse") && !result.lines.joined().contains("correct horse"))
    }

    @Test(arguments: ["h2c://127.0.0.1:50051", "h2c://[::1]:50051", "h2c://grpc.internal"])
    func `an API may speak HTTP2 without TLS`(upstream: String) async throws {
        _ = try await initialize(upstream)
        let check = try ConfigurationCheck(file)
        #expect(check.errors.map(\.description) == [] && check.warnings.map(\.description) == [])
        let settings = try #require(try file.load().upstreams.first)
        let servers = try UpstreamConfiguration(settings).servers
        #expect(servers.map(\.hasPriorKnowledge) == [true])
        #expect(servers.map { $0.description.hasPrefix(upstream) } == [true])
    }

    @Test func `nothing that is there is changed`() async throws {
        _ = try await initialize()
        let before = try Files.read(file.path)
        await #expect(throws: ApplicationError.self) { try await initialize() }
        #expect(try Files.read(file.path) == before)
        let other = ConfigurationFile(path: folder.path + "/other.json")
        let second = try Initialization(
            other,
            upstream: "http://a",
            issuer: "https://b",
            userName: "x",
            password: nil,
            now: now
        )
        await #expect(throws: ApplicationError.self) { try await second.run() }
        #expect(!Files.exists(other.path))
    }

    @Test(arguments: [
        ("nothing", "https://localhost", "a"), ("http://a?x", "https://localhost", "a"),
        ("http://a", "h2c://localhost", "a"),
        ("http://a", "http://gw.example", "a"), ("http://a", "localhost", "a"),
        ("http://a", "https://localhost", "a b"),
    ])
    func `what can't be is refused before anything is made`(upstream: String, issuer: String, user: String) async throws
    {
        await #expect(throws: ApplicationError.self) { try await initialize(upstream, issuer: issuer, user: user) }
        #expect(folder.contents == [])
    }
}
