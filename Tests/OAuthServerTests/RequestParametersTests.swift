import Testing

@testable import OAuthServer

struct RequestParametersTests {
    // RFC 6749 §3.1, §3.2
    @Test func `a parameter without a value is none`() {
        let parameters = RequestParameters([(name: "a", value: ""), (name: "a", value: "1")])
        #expect(parameters["a"] == "1")
        #expect(parameters.repeatedName == nil)
    }

    @Test func `only resource can be there more than once`() throws {
        let repeated = RequestParameters([(name: "a", value: "1"), (name: "a", value: "1")])
        #expect(repeated.repeatedName == "a")
        #expect(throws: OAuthError.self) { try repeated.checkNotRepeated() }
        let resources = RequestParameters([(name: "resource", value: "1"), (name: "resource", value: "2")])
        try resources.checkNotRepeated()
        #expect(resources.values("resource") == ["1", "2"])
    }

    @Test func `names are told apart by their bytes`() {
        let parameters = RequestParameters([(name: "\u{e9}", value: "1"), (name: "e\u{301}", value: "2")])
        #expect(parameters["\u{e9}"] == "1")
        #expect(parameters["e\u{301}"] == "2")
        #expect(parameters["É"] == nil)
    }

    // RFC 6749 §5.2
    @Test func `a description has only characters that it may have`() {
        let error = OAuthError(.invalidScope, "There is no \"é\\\u{0}\r\n scope", reason: .unknownScope)
        #expect(error.description == "There is no ??????? scope")
        #expect(
            OAuthError(.invalidScope, String(repeating: "x", count: 9999), reason: .unknownScope).description.utf8.count
                == 500
        )
    }
}
