import Bytes
import HTTP
import Testing

@Suite struct FieldListTests {
    @Test func `fields are found by name, in order`() throws {
        let list = try list([("Accept", "a"), ("X_y", "1"), ("accept", "b"), ("Vary", "c"), ("WWW-Authenticate", "d")])
        #expect(list.count == 5)
        #expect(list.value(of: .accept)?.text == "a")
        #expect(list.firstIndex(of: .accept, from: 1) == 2)
        #expect(list.count(of: .accept) == 2)
        #expect(list.count(of: .host) == 0)
        #expect(list.value(of: .wwwAuthenticate)?.text == "d")
        #expect(list.contains(.vary) && !list.contains(.host))
        #expect(list.nameHasUnderscore(1) && !list.nameHasUnderscore(0))
        #expect(list.fieldName(1) == .other)
        #expect(list.foldedHash(0) == list.foldedHash(2))
    }

    @Test(arguments: [
        ("close", true), ("CLOSE", false), ("keep-alive", true), ("x", true), ("y z", true), ("y", false), ("", false),
    ])
    func `a token is found in all lists of a name`(token: String, isFound: Bool) throws {
        let list = try list([("Connection", " ,X , Close"), ("Via", "via"), ("Connection", "y z,,Keep-Alive,")])
        let tokens: [String: StaticString] = [
            "close": "close", "CLOSE": "CLOSE", "keep-alive": "keep-alive", "x": "x", "y z": "y z", "y": "y", "": "",
        ]
        #expect(list.hasToken(.connection, try #require(tokens[token])) == isFound)
        #expect(!list.hasToken(.upgrade, try #require(tokens[token])))
    }

    @Test func `removal keeps the order of the rest`() throws {
        let list = try list([("A", "1"), ("Date", "2"), ("B", "3"), ("Host", "4")])
        list.removeAll { name, spelling in name == .date || spelling.equals("B") }
        #expect((0..<list.count).map { list.name($0).text } == ["A", "Host"])
        #expect(!list.contains(.date) && list.contains(.host))
    }

    @Test func `a reset list is empty, whatever it held`() throws {
        let list = try list([("Host", String(repeating: "x", count: 40000)), ("ETag", "y")])
        list.reset()
        #expect(list.isEmpty && !list.contains(.host) && !list.contains(.etag))
        try append(("Age", "1"), to: list)
        #expect(list.name(0).text == "Age" && list.value(0).text == "1")
    }

    @Test func `a list that gave back memory holds what it held, and takes more`() throws {
        let members = (0..<30).map { ("X-\($0)", String(repeating: "v", count: $0)) }
        let list = try list(members)
        list.releaseUnusedStorage()
        #expect((0..<30).map { list.name($0).text } == members.map(\.0))
        #expect((0..<30).map { list.value($0).text } == members.map(\.1))
        for number in 0..<40 { try append(("Age", "\(number)"), to: list) }
        #expect(list.count(of: .age) == 40 && list.value(69).text == "39" && list.value(29).text == members[29].1)
        list.reset()
        list.releaseUnusedStorage()
        try append(("Host", "a"), to: list)
        #expect(list.count == 1 && list.value(of: .host)?.text == "a")
    }

    @Test(arguments: [("", "a"), ("a b", "a"), ("a:", "b"), ("a", "b\r\nc"), ("a", "b\u{0}"), ("a", "\n")])
    func `what cannot stand in a field line is not appended`(name: String, value: String) {
        #expect(throws: HTTPParseError.self) { try append((name, value), to: FieldList()) }
    }

    @Test func `a list of tokens has no empty members`() {
        let members = Array(" a,, b c ,\t,d".utf8).withUnsafeBytes { FieldTokens($0).map(\.text) }
        #expect(members == ["a", "b c", "d"])
        #expect([UInt8]().withUnsafeBytes { FieldTokens($0).map(\.text) } == [])
    }

    private func list(_ fields: [(String, String)]) throws -> FieldList {
        let list = FieldList(capacity: 1, fieldCapacity: 1)
        for field in fields { try append(field, to: list) }
        return list
    }

    private func append(_ field: (name: String, value: String), to list: FieldList) throws {
        try Array(field.name.utf8).withUnsafeBytes { name in
            try Array(field.value.utf8).withUnsafeBytes { value in try list.append(name: name, value: value) }
        }
    }
}
