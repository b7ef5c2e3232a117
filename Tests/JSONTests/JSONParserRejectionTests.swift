import JSON
import Testing

@Suite struct JSONParserRejectionTests {
    private func reason(_ bytes: [UInt8], comments: Bool = false) -> JSONError.Reason? {
        do throws(JSONError) {
            _ = try JSONParser.parse(bytes, comments: comments)
            return nil
        } catch {
            return error.reason
        }
    }

    @Test(arguments: [
        "", " ", "{", "[", "[1", "[1,", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "\"", "\"abc", "\"\\", "/* x",
    ])
    func `a text that ends early is refused`(text: String) {
        #expect(reason(Array(text.utf8), comments: true) != nil)
    }

    @Test(arguments: [
        "[1,]", "[,1]", "{,}", "{\"a\":1,}", "{a:1}", "{'a':1}", "{1:1}", "[1 2]", "{\"a\" 1}", "tru", "True", "nul",
        "NaN",
        "Infinity", "-", "+1", ".5", "5.", "01", "-01", "00", "1e", "1e+", "0x10", "1_000", "--1", "\"a\tb\"",
        "\"a\nb\"",
        "\"\\x41\"", "\"\\u12\"", "\"\\u12G4\"", "\"\\U0041\"", "1 1", "{} {}", "[]]", "/", "1/", "\u{FEFF}{}",
        "\u{A0}1",
        "\u{C}1", "'a'", "]", "}", ",", ":", "\0", "[1]\0", "undefined", "// x\n1", "1 /* x */", "#1",
    ])
    func `what is no JSON is refused`(text: String) {
        #expect(reason(Array(text.utf8)) != nil)
    }

    @Test(
        arguments: [
            [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80],
            [0xC3],
            [0xF0, 0x9F, 0x98], [0xFF], [0xFE], [0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80],
        ] as [[UInt8]]
    )
    func `invalid UTF-8 is refused, also after an escape and in a name`(bytes: [UInt8]) {
        let quote = UInt8(ascii: "\"")
        #expect(reason([quote] + bytes + [quote]) == .invalidUTF8)
        #expect(reason([quote] + Array("\\n".utf8) + bytes + [quote]) == .invalidUTF8)
        #expect(reason([UInt8(ascii: "{"), quote] + bytes + Array("\":1}".utf8)) == .invalidUTF8)
    }

    @Test(arguments: [
        #""\ud83d""#, #""\ude00""#, #""\ud83dx""#, #""\ud83d\n""#, #""\ud83d\ud83d""#, #""\ude00\ud83d""#,
        #""\ud83d\u0041""#,
    ])
    func `half a surrogate pair is refused`(text: String) {
        #expect(reason(Array(text.utf8)) == .loneSurrogate)
    }

    @Test(arguments: [
        (#"{"a":1,"a":1}"#, "a"), (#"{"a":1,"\u0061":2}"#, "a"), (#"{"":1,"":2}"#, ""),
        (#"{"1":0,"2":0,"3":0,"4":0,"5":0,"6":0,"7":0,"8":0,"9":0,"2":0}"#, "2"),
        (#"{"1":0,"2":0,"3":0,"4":0,"5":0,"6":0,"7":0,"8":0,"9":0,"9":0}"#, "9"),
    ])
    func `a repeated member is refused however it is spelled`(text: String, name: String) {
        #expect(reason(Array(text.utf8)) == .repeatedMember(name))
    }

    @Test func `every prefix of a text is refused and every single changed byte is survived`() {
        let text = Array(#"{"a":[1.5e3,"é\u00e9\ud83d\ude00",true,null],"b":{"c":-0}}"#.utf8)
        for end in 0..<text.count { #expect(reason(Array(text[..<end])) != nil) }
        for index in text.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = text
                changed[index] = byte
                _ = reason(changed, comments: true)
            }
        }
    }

    @Test func `an error says where it is`() {
        let error = #expect(throws: JSONError.self) { try JSONParser.parse(Array("{\n \"a\": x}".utf8)) }
        #expect(error?.position == JSONPosition(offset: 8, line: 2, column: 7))
        #expect(error?.description == "found 'x', expected a value")
    }
}
