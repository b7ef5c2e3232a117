import Bytes
import HTTP
import Testing

@Suite struct PathNormalizerTests {
    @Test(arguments: [
        ("/", "/"), ("/a", "/a"), ("/a/", "/a/"), ("//", "/"), ("/a//b", "/a/b"), ("///a///", "/a/"),
        ("/.", "/"), ("/./", "/"), ("/a/.", "/a/"), ("/a/./b", "/a/b"), ("/a/..", "/"), ("/a/../", "/"),
        ("/a/b/..", "/a/"), ("/a/b/../c", "/a/c"), ("/a/b/../../c", "/c"), ("/a/b/c/./../../g", "/a/g"),
        ("/...", "/..."), ("/.a", "/.a"), ("/..a", "/..a"), ("/a.", "/a."), ("/a..", "/a.."), ("/.../..", "/"),
        ("/%61%7E%2d%5F%2e9", "/a~-_.9"), ("/%2e", "/"), ("/a/%2E%2e/b", "/b"), ("/a/.%2e/b", "/b"),
        ("/%c3%a9", "/%C3%A9"), ("/%3a:%40@", "/%3A:%40@"), ("/%25%32%66", "/%252f"), ("/%252F", "/%252F"),
        ("/a//../b", "/a/b"), ("/a/..//b", "/b"), ("/%7C|", "/%7C%7C"),
        ("/[x]{y}^`<>\"", "/%5Bx%5D%7By%7D%5E%60%3C%3E%22"),
        ("/%20+", "/%20+"), ("/!$&'()*+,=:@-._~", "/!$&'()*+,=:@-._~"), ("/%0d%0A", "/%0D%0A"),
    ])
    func `a path has one spelling`(path: String, normal: String) throws {
        #expect(try normalized(path).text == normal)
        #expect(try normalized(normal).text == normal)
        #expect(try !normalized(path).hasParameters)
    }

    @Test(arguments: [("/a;b", "/a;b"), ("/%3b", "/%3B"), ("/a;/../b", "/b"), ("/;", "/;"), ("/...;", "/...;")])
    func `parameters are noticed wherever they stand`(path: String, normal: String) throws {
        let found = try normalized(path)
        #expect(found.text == normal)
        #expect(found.hasParameters)
    }

    @Test(
        arguments: [
            ("", .malformedTarget), ("a", .malformedTarget), ("/ ", .malformedTarget), ("/a?b", .malformedTarget),
            ("/#", .malformedTarget), ("/\u{e9}", .malformedTarget), ("/\u{7f}", .malformedTarget),
            ("/%", .malformedEscape), ("/%a", .malformedEscape), ("/%g0", .malformedEscape), ("/%0g", .malformedEscape),
            ("/%%20", .malformedEscape), ("/%u0041", .malformedEscape),
            ("/%2F", .forbiddenPathCharacter), ("/%5c", .forbiddenPathCharacter), ("/%00", .forbiddenPathCharacter),
            ("/\\", .forbiddenPathCharacter), ("/..;a", .forbiddenPathCharacter), ("/x/.;/y", .forbiddenPathCharacter),
            ("/x/%2e%2e%3b/y", .forbiddenPathCharacter),
            ("/..", .pathAboveRoot), ("/../a", .pathAboveRoot), ("/a/../..", .pathAboveRoot),
            ("/./../a", .pathAboveRoot),
            ("/%2e./a", .pathAboveRoot),
        ] as [(String, HTTPParseError)]
    )
    func `a path without one meaning is refused`(path: String, error: HTTPParseError) {
        #expect(throws: error) { try normalized(path) }
    }

    @Test func `any mix of pieces gives a path that stays as it is`() throws {
        let pieces = ["/", "/.", "/..", "//", "/a", "/%2e", "%41", ";", "|", ".", "%25", "/b"]
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<5000 {
            let path =
                "/"
                + (0..<Int.random(in: 0..<12, using: &generator)).map { _ in
                    pieces.randomElement(using: &generator) ?? ""
                }.joined()
            guard let once = try? normalized(path).text else { continue }
            #expect(try normalized(once).text == once, "from \(path)")
            #expect(once.hasPrefix("/") && !once.contains("//"), "from \(path)")
            #expect(!once.split(separator: "/", omittingEmptySubsequences: false).contains { $0 == "." || $0 == ".." })
        }
    }

    private func normalized(_ path: String) throws -> (text: String, hasParameters: Bool) {
        let found = try Array(path.utf8).withUnsafeBytes { try PathNormalizer.normalize($0) }
        return (String(decoding: found.bytes, as: UTF8.self), found.hasParameters)
    }
}

/// Random numbers that are the same in each run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}
