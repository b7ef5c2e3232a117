import Testing

@testable import SQLiteStore

@Suite struct TextListTests {
    @Test(
        arguments: [
            [], [""], ["", ""], ["a"], ["a", "b"], ["\n"], ["\\"], ["\\n"], ["\\\n", "n"], ["a\0b"],
            ["é", "\u{1F98A}"],
            ["a\\", "\\b"], ["\n\n", "", "\\\\"],
        ] as [[String]]
    )
    func `any list of texts comes back`(list: [String]) {
        let bytes = TextList.encoded(list)
        let decoded = bytes.withUnsafeBytes { TextList.decoded($0) }
        #expect(decoded.map { Array($0.utf8) } == list.map { Array($0.utf8) })
    }

    @Test func `a list of plain words can be read in the shell`() {
        #expect(Array(TextList.encoded(["openid", "notes:read"])) == Array("openid\nnotes:read\n".utf8))
    }

    @Test(arguments: ["a", "a\nb", "\\", "a\\\n"])
    func `a damaged list is read without a trap`(text: String) {
        let decoded = Array(text.utf8).withUnsafeBytes { TextList.decoded($0) }
        #expect(decoded.count <= 1)
    }
}
