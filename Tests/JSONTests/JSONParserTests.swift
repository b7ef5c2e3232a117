import JSON
import Testing

@Suite struct JSONParserTests {
    private func parse(_ text: String, comments: Bool = false, depth: Int = 32) throws -> JSONNode {
        try JSONParser.parse(Array(text.utf8), comments: comments, maximumDepth: depth)
    }

    @Test func `every kind of value is read`() throws {
        let node = try parse(#" {"a":[1,-2.5e3,"x",true,false,null,{}],"b":{"c":""}} "#)
        #expect(node["a"]?.array?.count == 7)
        #expect(node["a"]?.array?[0].int64 == 1)
        #expect(node["a"]?.array?[1].int64 == -2500)
        #expect(node["a"]?.array?[1].double == -2500)
        #expect(node["a"]?.array?[2].string == "x")
        #expect(node["a"]?.array?[3].bool == true)
        #expect(node["a"]?.array?[5].isNull == true)
        #expect(node["b"]?["c"]?.string == "")
        #expect(node["d"] == nil)
        #expect(node["a"]?["c"] == nil)
    }

    @Test func `positions count lines and bytes from one`() throws {
        let node = try parse("{\n  // é\n  \"a\": /* x\n */ [ 7,\n 8 ]\n}", comments: true)
        let members = try #require(node.members)
        #expect(members[0].namePosition == JSONPosition(offset: 12, line: 3, column: 3))
        #expect(members[0].value.position == JSONPosition(offset: 26, line: 4, column: 5))
        #expect(members[0].value.array?[1].position == JSONPosition(offset: 32, line: 5, column: 2))
    }

    @Test(arguments: [
        (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u00e9\u20AC""#, "é€"), (#""\ud83d\ude00!""#, "😀!"),
        (#""é€😀""#, "é€😀"), (#""a\u0000b""#, "a\0b"), ("\"\u{7F}\"", "\u{7F}"),
    ])
    func `escapes are read`(text: String, value: String) throws {
        #expect(try parse(text).string == value)
    }

    @Test(arguments: [
        ("0", 0), ("-0", 0), ("1e3", 1000), ("1.0", 1), ("1.50e1", 15), ("100e-2", 1), ("0e999999999999999999999", 0),
        ("9223372036854775807", Int64.max), ("-9223372036854775808", Int64.min),
        ("9.223372036854775807E+18", Int64.max),
        ("0.000e-5", 0), ("1000000000000000000000e-3", 1_000_000_000_000_000_000),
    ])
    func `integers are exact however they are written`(text: String, value: Int64) throws {
        #expect(try parse(text).int64 == value)
    }

    @Test(arguments: [
        "1.5", "1e-1", "9223372036854775808", "-9223372036854775809", "1e19", "1e400", "1e99999999999999999999",
        "1e-99999999999999999999", "1e9223372036854775807", "1e-9223372036854775808", "0.1e4611686018427387904",
    ])
    func `a number that is no 64-bit integer has no integer value`(text: String) throws {
        #expect(try parse(text).int64 == nil)
    }

    @Test func `a double out of range is nil`() throws {
        #expect(try parse("1e400").double == nil)
        #expect(try parse("0.1").double == 0.1)
    }

    @Test func `names are compared by bytes when looked up`() throws {
        #expect(try parse("{\"\u{212A}\": 1}")["K"] == nil)
    }

    @Test func `depth is bounded`() throws {
        #expect(try parse("[[[]]]", depth: 3).array?.count == 1)
        #expect(throws: JSONError.self) { try parse("[[[[]]]]", depth: 3) }
        #expect(throws: JSONError.self) { try parse(String(repeating: "[", count: 1_000_000), depth: .max) }
        #expect(throws: JSONError.self) { try parse(String(repeating: "{\"a\":", count: 1_000_000)) }
    }

    @Test func `many members and elements take linear time`() throws {
        let members = (0..<100_000).map { "\"m\($0)\":\($0)" }.joined(separator: ",")
        #expect(try parse("{\(members)}").members?.count == 100_000)
        #expect(throws: JSONError.self) { try parse("{\(members),\"m5\":1}") }
        let zeros = String(repeating: "0", count: 100_000)
        #expect(try parse("1\(zeros)e-100000").int64 == 1)
    }
}
