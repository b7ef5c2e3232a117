import Testing

@testable import OAuthWeb

struct FormParametersTests {
    @Test
    func `parameters come decoded and in their order`() throws {
        let form = try parse("a=1&b=x+y%20z&a=%C3%BC&empty=&bare&=nameless")
        #expect(form.pairs.map(\.name) == ["a", "b", "a", "empty", "bare", ""])
        #expect(form.pairs.map(\.value) == ["1", "x y z", "ü", "", "", "nameless"])
    }

    @Test
    func `a name that comes twice has no single value`() throws {
        let form = try parse("a=1&a=2&b=3")
        #expect(form["a"] == nil)
        #expect(form.values(of: "a") == ["1", "2"])
        #expect(form["b"] == "3")
        #expect(form["c"] == nil)
    }

    @Test
    func `an equals sign and a semicolon in a value stand for themselves`() throws {
        let form = try parse("a=b=c;d")
        #expect(form["a"] == "b=c;d")
    }

    @Test(arguments: ["", "&", "&&&"])
    func `nothing is no parameter`(_ text: String) throws {
        #expect(try parse(text).pairs.isEmpty)
    }

    @Test(arguments: ["a=%", "a=%4", "a=%zz", "%=1", "a=%4g&b=1"])
    func `a malformed escape is refused`(_ text: String) {
        #expect(throws: FormParameters.Fault.malformedEscape) { try parse(text) }
    }

    @Test(arguments: ["a=%FF", "a=%C3", "a=%ED%A0%80", "%C0%AF=1", "a=%00", "a%00b=1"])
    func `what is no text is refused`(_ text: String) {
        #expect(throws: FormParameters.Fault.malformedText) { try parse(text) }
    }

    @Test
    func `more parameters than any form has are refused`() throws {
        let most = Array(repeating: "a=1", count: FormParameters.limit).joined(separator: "&")
        #expect(try parse(most).pairs.count == FormParameters.limit)
        #expect(throws: FormParameters.Fault.tooMany) { try parse(most + "&a=1") }
    }

    private func parse(_ text: String) throws -> FormParameters {
        try Array(text.utf8).withUnsafeBytes { try FormParameters($0) }
    }
}
