// uses: Bytes JSON
import Bytes
import JSON

// Properties: what is accepted is written and read again to the same value, in both layouts; every position is inside the
// text; and comments are taken only where they are allowed.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJSON(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: count)
    let strict = withExactCopy(input) { try? JSONParser.parse($0) }
    let lenient = withExactCopy(input) { try? JSONParser.parse($0, comments: true, maximumDepth: 512) }
    if let strict { require(strict == lenient, "comments change a text without them") }
    guard let lenient else { return 0 }
    checkPositions(lenient, count: count)
    for layout in [JSONWriter.Layout.compact, .pretty] {
        var writer = JSONWriter(layout)
        writer.node(lenient)
        guard let again = try? JSONParser.parse(writer.bytes, maximumDepth: 512) else {
            fatalError("what was written is refused: \(writer.text)")
        }
        require(isSame(again, lenient), "what was written reads otherwise: \(writer.text)")
    }
    return 0
}

private func checkPositions(_ node: JSONNode, count: Int) {
    require(node.position.offset >= 0 && node.position.offset < count, "a position outside of the text")
    require(node.position.line >= 1 && node.position.column >= 1, "a position before the text")
    _ = (node.string, node.bool, node.int64, node.double, node.isNull)
    for element in node.array ?? [] { checkPositions(element, count: count) }
    for member in node.members ?? [] {
        require(member.namePosition.offset < member.value.position.offset, "a value before its name")
        require(node[member.name] == member.value, "a member is not found by its name")
        checkPositions(member.value, count: count)
    }
}

private func isSame(_ left: JSONNode, _ right: JSONNode) -> Bool {
    switch (left.value, right.value) {
    case (.array(let left), .array(let right)):
        return left.count == right.count && zip(left, right).allSatisfy(isSame)
    case (.object(let left), .object(let right)):
        return left.count == right.count
            && zip(left, right).allSatisfy { $0.name.utf8.elementsEqual($1.name.utf8) && isSame($0.value, $1.value) }
    case (.string(let left), .string(let right)):
        return left.utf8.elementsEqual(right.utf8)
    default:
        return left.value == right.value
    }
}
