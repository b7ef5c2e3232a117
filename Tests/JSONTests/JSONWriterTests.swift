import JSON
import Testing

@Suite struct JSONWriterTests {
    private func write(_ layout: JSONWriter.Layout) -> String {
        var writer = JSONWriter(layout)
        writer.beginObject()
        writer.member("a", "x\"\\\n\u{1}é")
        writer.member("b", 7)
        writer.member("c", ["p", "q"])
        writer.name("d")
        writer.beginArray()
        writer.beginObject()
        writer.endObject()
        writer.null()
        writer.bool(true)
        writer.endArray()
        writer.endObject()
        return writer.text
    }

    @Test func `compact text has no white space`() {
        #expect(write(.compact) == #"{"a":"x\"\\\n\u0001é","b":7,"c":["p","q"],"d":[{},null,true]}"#)
    }

    @Test func `pretty text is indented`() {
        let expected = """
            {
              "a": "x\\"\\\\\\n\\u0001é",
              "b": 7,
              "c": [
                "p",
                "q"
              ],
              "d": [
                {},
                null,
                true
              ]
            }
            """
        #expect(write(.pretty) == expected)
    }

    @Test func `what was parsed is written again as it was`() throws {
        let text = #"{"a":[1,1.50e3,"\u0007é",true,null],"b":{}}"#
        var writer = JSONWriter()
        writer.node(try JSONParser.parse(Array(text.utf8)))
        #expect(writer.text == text)
    }
}
