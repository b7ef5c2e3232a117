import Bytes
import HTTP
import Testing

@testable import Gateway

@Suite struct RouteTableTests {
    @Test(arguments: [
        ("/notes/**", "/notes", true), ("/notes/**", "/notes/", true), ("/notes/**", "/notes/7/tags", true),
        ("/notes/**", "/notes2", false), ("/notes/**", "/", false), ("/notes", "/notes", true),
        ("/notes", "/notes/", false), ("/notes/", "/notes/", true), ("/notes/", "/notes", false),
        ("/notes/*", "/notes/7", true), ("/notes/*", "/notes/", false), ("/notes/*", "/notes/7/", false),
        ("/notes/*/tags", "/notes/7/tags", true), ("/*", "/", false), ("/*", "/a", true), ("/", "/", true),
        ("/**", "/", true), ("/**", "/a/b/c/", true), ("/a/*/**", "/a", false), ("/a/*/**", "/a/b", true),
        ("/a/*/**", "/a/", false), ("/a/*/**", "/a/b/c/d", true), ("/notes", "/Notes", false), ("/", "", false),
        ("/**", "*", false),
    ])
    func `a pattern matches by whole segments`(pattern: String, path: String, matches: Bool) throws {
        #expect((try table(pattern).find("GET", path) != nil) == matches)
    }

    @Test(arguments: [
        ("/users/@me", "/users/%40me"), ("/users/@me", "/users/@me"), ("/caf%C3%A9", "/caf%c3%a9"),
        ("/café", "/caf%C3%A9"), ("/a%20b", "/a%20b"), ("/a b", "/a%20b"), ("/%2A", "/*"), ("/100%25", "/100%25"),
    ])
    func `no spelling of a literal reaches a wider route`(pattern: String, path: String) throws {
        #expect(try table("/**", "/*", "/users/*", pattern).find("GET", path) == pattern)
    }

    @Test(arguments: ["/admin;x=1", "/admin%3Bx=1", "/admin%3bx", "/admin;"])
    func `a path parameter is no part of its segment`(path: String) throws {
        #expect(try table("/**", "/admin").find("GET", path) == "/admin")
    }

    @Test(arguments: [
        ("/a/b", "/a/b"), ("/a/c", "/a/*"), ("/a/b/c", "/a/**"), ("/x/b", "/*/b"), ("/x/y", "/*/*"), ("/x", "/**"),
        ("/a", "/a"), ("/a/b/d", "/*/b/d"), ("/a/", "/a/"), ("/x/b/", "/**"),
    ])
    func `literals win over stars from the left`(path: String, expected: String) throws {
        let patterns = ["/**", "/*/*", "/*/b", "/a/**", "/a/*", "/a", "/a/b", "/a/", "/*/b/d"]
        // A dead end in a literal branch goes back to the star only where no `**` of the branch covers the path.
        let reachable = expected == "/*/b/d" ? "/a/**" : expected
        #expect(try table(patterns).find("GET", path) == reachable)
        #expect(try table(patterns.reversed()).find("GET", path) == reachable)
    }

    @Test func `a dead end in a literal branch goes back to the star`() throws {
        #expect(try table("/a/b/c", "/*/b/d").find("GET", "/a/b/d") == "/*/b/d")
    }

    @Test func `hosts go from exact through the longest wildcard to any`() throws {
        let routes = [
            try route(0, "/**", name: "any"),
            try route(1, "/x", hosts: ["*.example.com"], name: "wide"),
            try route(2, "/**", hosts: ["*.api.example.com"], name: "narrow"),
            try route(3, "/only", hosts: ["a.api.example.com", "B.example.com"], name: "exact"),
        ]
        let table = try RouteTable(routes)
        let cases = [
            ("a.api.example.com", "/only", "exact"), ("a.api.example.com", "/x", "narrow"),
            ("b.example.com", "/only", "exact"), ("b.example.com.", "/only", "exact"), ("b.example.com", "/x", "wide"),
            ("b.example.com", "/y", "any"), ("c.d.example.com", "/x", "wide"), ("example.com", "/x", "any"),
            (".example.com", "/x", "any"), ("badexample.com", "/x", "any"), ("", "/x", "any"), (".", "/x", "any"),
        ]
        for (host, path, expected) in cases {
            #expect(table.find("GET", path, host: host) == expected, "\(host)\(path)")
        }
    }

    @Test func `the method decides among routes of one pattern and never widens it`() throws {
        let table = try RouteTable([
            try route(0, "/**", name: "wide"),
            try route(1, "/n", methods: ["GET"], name: "read"),
            try route(2, "/n", methods: ["POST", "PURGE"], name: "write"),
            try route(3, "/m", methods: ["GET"], name: "get"), try route(4, "/m", methods: ["HEAD"], name: "head"),
            try route(5, "/o", methods: ["GET"], name: "named"), try route(6, "/o", name: "rest"),
        ])
        #expect(table.find("GET", "/n") == "read")
        #expect(table.find("HEAD", "/n") == "read")
        #expect(table.find("PURGE", "/n") == "write")
        #expect(table.find("DELETE", "/n") == "405 GET, HEAD, POST, PURGE")
        #expect(table.find("purge", "/n") == "405 GET, HEAD, POST, PURGE")
        #expect(table.find("HEAD", "/m") == "head")
        #expect(table.find("HEAD", "/o") == "named")
        #expect(table.find("BREW", "/o") == "rest")
        #expect(table.find("DELETE", "/elsewhere") == "wide")
    }

    @Test func `every tie is reported`() throws {
        let routes = [
            try route(0, "/a", methods: ["GET", "PUT"]), try route(1, "/%61", methods: ["PUT"]), try route(2, "/b"),
            try route(3, "/b"), try route(4, "/b", methods: ["GET"]), try route(5, "/c", hosts: ["x.example"]),
            try route(6, "/c", hosts: ["y.example", "X.example"]), try route(7, "/c"),
            try route(8, "/d", hosts: ["z", "Z."]),
        ]
        let error = #expect(throws: RouteTableError.self) { try RouteTable(routes) }
        let pairs = error?.ties.map { "\($0.first)-\($0.second) \($0.method ?? "any")" }
        #expect(pairs == ["0-1 PUT", "2-3 any", "5-6 any"])
    }

    @Test(arguments: [
        ("notes", RoutePatternError.relative), ("", .relative), ("/a/**/b", .restNotLast), ("/a*", .partialStar),
        ("/***", .partialStar), ("/a//b", .emptySegment), ("/a/../b", .dotSegment), ("/./a", .dotSegment),
        ("/%2e%2e/a", .dotSegment), ("/a%", .malformedEscape), ("/a%4", .malformedEscape), ("/a%zz", .malformedEscape),
        ("/a?b", .notAPath), ("/a#b", .notAPath), ("/a%2Fb", .unmatchable(0x2F)), ("/a\\b", .unmatchable(0x5C)),
        ("/a%00", .unmatchable(0)), ("/a;b", .unmatchable(0x3B)), ("/a\u{7F}", .unmatchable(0x7F)),
    ])
    func `a pattern that could never match is refused`(text: String, error: RoutePatternError) {
        #expect(throws: error) { try RoutePattern(text) }
    }

    @Test(arguments: [
        ("/a/..;/b", true), ("/a/.;v=1/b", true), ("/;/b", true), ("/a/;x/b", true), ("/a;x=1/b", false),
        ("/a/;v", false), ("/a/..;", true), ("/%2E%2E;x", true), ("/...;x", false), ("/a", false), ("/", false),
        ("/a/%3B/b", true),
    ])
    func `a parameter never hides a dot segment`(path: String, ambiguous: Bool) {
        #expect(Array(path.utf8).withUnsafeBytes { PathParameters.areAmbiguous(in: $0) } == ambiguous)
    }

    @Test func `ten thousand routes are told apart`() throws {
        let routes = try (0..<10_000).map { try route($0, "/tenant-\($0 % 100)/thing-\($0)/*", name: "\($0)") }
        let table = try RouteTable(routes)
        for index in stride(from: 0, to: 10_000, by: 97) {
            #expect(table.find("GET", "/tenant-\(index % 100)/thing-\(index)/x") == "\(index)")
            #expect(table.find("GET", "/tenant-\((index + 1) % 100)/thing-\(index)/x") == nil)
        }
    }

    @Test func `a path of many segments does not make the walk deep`() throws {
        let table = try table("/a/*/b", "/**")
        #expect(table.find("GET", String(repeating: "/a", count: 100_000)) == "/**")
    }
}

private func route(
    _ index: Int,
    _ path: String,
    methods: [String] = [],
    hosts: [String] = [],
    name: String? = nil
) throws -> Route {
    let definition = RouteDefinition.test(path) { route in
        route.name = name ?? path
        route.methods = methods
        route.hosts = hosts
    }
    let vocabulary = AccessVocabulary(.test([definition]))
    return try Route(definition, index: index, forwarding: ForwardingDefinition(), vocabulary: vocabulary)
}

private func table(_ paths: String...) throws -> RouteTable { try table(paths) }

private func table(_ paths: [String]) throws -> RouteTable {
    try RouteTable(paths.enumerated().map { try route($0.offset, $0.element) })
}

extension RouteTable {
    /// The name of the route that answers, "405 ALLOW", or nil for none.
    fileprivate func find(_ method: String, _ path: String, host: String = "any.test") -> String? {
        Array(method.utf8).withUnsafeBytes { methodBytes in
            Array(host.utf8).withUnsafeBytes { host in
                Array(path.utf8).withUnsafeBytes { path in
                    switch match(method: HTTPMethod(methodBytes), methodBytes: methodBytes, host: host, path: path) {
                    case .route(let route): route.name
                    case .methodNotAllowed(let group): "405 \(String(decoding: group.allow, as: UTF8.self))"
                    case .notFound: nil
                    }
                }
            }
        }
    }
}
