import Bytes
import HTTP
import Testing

@Suite struct FieldNameTests {
    @Test(arguments: FieldName.allCases)
    func `each name is recognised in any case and in no other spelling`(name: FieldName) {
        let spelling = name.spelling.description
        #expect(recognised(spelling) == name)
        #expect(recognised(spelling.uppercased()) == name)
        #expect(recognised(spelling.lowercased()) == name)
        #expect(recognised(spelling + "x") == .other)
        #expect(recognised(spelling + "-") == .other)
        #expect(recognised(String(spelling.dropLast())) != name || name == .other)
        let underscored = spelling.replacing("-", with: "_")
        #expect(recognised(underscored) == (underscored == spelling ? name : .other))
    }

    @Test func `the hop-by-hop fields are those of RFC 9110 and their kin`() {
        let names = FieldName.allCases.filter(\.isHopByHop)
        #expect(
            names == [
                .connection, .keepAlive, .proxyConnection, .proxyAuthenticate, .proxyAuthorization, .te, .trailer,
                .transferEncoding, .upgrade, .http2Settings,
            ]
        )
    }

    @Test(arguments: [
        ("X-User-Name", "x_user.NAME", true), ("X-User-Name", "X-User-Nam", false),
        ("X-User-Name", "X-User-Namf", false),
        ("a~b", "a^b", false), ("a_b", "a.b", true), ("a-b", "a!b", false), ("", "", true),
    ])
    func `names that some server takes for each other are the same`(left: String, right: String, equal: Bool) {
        Array(left.utf8).withUnsafeBytes { left in
            Array(right.utf8).withUnsafeBytes { right in
                #expect(FieldSyntax.foldedEqual(left, right) == equal)
                #expect((FieldSyntax.foldedHash(left) == FieldSyntax.foldedHash(right)) == equal)
            }
        }
    }

    @Test func `a token has the bytes of RFC 9110 only`() {
        let allowed = Set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
        for byte in UInt8.min...UInt8.max {
            #expect([UInt8(ascii: "a"), byte].withUnsafeBytes { FieldSyntax.isToken($0) } == allowed.contains(byte))
        }
        #expect(![UInt8]().withUnsafeBytes { FieldSyntax.isToken($0) })
    }

    @Test func `a value has no control byte at any place`() {
        for size in 1...40 {
            for place in 0..<size {
                for byte in [0, 1, 8, 0x0A, 0x0B, 0x0D, 0x1F, 0x7F] as [UInt8] {
                    var value = [UInt8](repeating: 0xFF, count: size)
                    #expect(value.withUnsafeBytes { FieldSyntax.isValue($0) })
                    value[place] = byte
                    #expect(!value.withUnsafeBytes { FieldSyntax.isValue($0) }, "\(byte) at \(place) of \(size)")
                }
            }
        }
    }

    @Test func `a value has tabs and spaces between its ends only`() {
        for (value, valid) in [
            ("a\tb c", true), ("\ta", false), ("a ", false), ("", true), ("\t\t\t\t\t\t\t\t\t", false),
        ] {
            #expect(Array(value.utf8).withUnsafeBytes { FieldSyntax.isValue($0) } == valid)
        }
        #expect(Array("a\t\t\t\t\t\t\t\t\tb\t\u{7f}c".utf8).withUnsafeBytes { !FieldSyntax.isValue($0) })
    }

    @Test(arguments: HTTPMethod.allCases)
    func `methods are case-sensitive`(method: HTTPMethod) {
        let spelling = method.spelling.description
        #expect(Array(spelling.utf8).withUnsafeBytes { HTTPMethod($0) } == method)
        #expect(Array(spelling.lowercased().utf8).withUnsafeBytes { HTTPMethod($0) } == .other)
        #expect(Array("X\(spelling)".utf8).withUnsafeBytes { HTTPMethod($0) } == .other)
    }

    private func recognised(_ spelling: String) -> FieldName {
        Array(spelling.utf8).withUnsafeBytes { FieldName($0) }
    }
}
