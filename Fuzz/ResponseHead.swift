// uses: Bytes HTTP
import Bytes
import HTTP

// Properties: pieces of any size are read as the whole is, and no field of what is accepted holds a control byte.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzResponseHead(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: count)
    let whole = withExactCopy(input) { read($0, ends: [input.count]) }
    var ends: [Int] = []
    var cuts = Cuts(input)
    while (ends.last ?? 0) < input.count { ends.append((ends.last ?? 0) + cuts.next(input.count - (ends.last ?? 0))) }
    let pieces = read(input, ends: ends)
    require(whole == pieces, "the whole was \(whole), pieces were \(pieces)")
    return 0
}

private func read(_ input: UnsafeRawBufferPointer, ends: [Int]) -> String {
    var parser = ResponseHeadParser(limits: HTTPLimits(targetSize: 256, headerSize: 2048, headerCount: 16))
    let head = ResponseHead()
    for end in ends {
        let result = withExactCopy(input.slice(0..<end)) { piece in
            do throws(HTTPParseError) {
                guard let consumed = try parser.parse(piece, into: head) else { return "" }
                return "\(consumed)"
            } catch {
                return "refused"
            }
        }
        if result == "refused" { return result }
        if !result.isEmpty { return result + describe(head) }
    }
    return "incomplete"
}

private func describe(_ head: ResponseHead) -> String {
    require((100...999).contains(head.status), "a status of \(head.status)")
    var text = " \(head.status) \(head.reason.text) \(head.framing(for: .get)) \(head.keepsAlive)"
    for index in 0..<head.fields.count {
        require(FieldSyntax.isToken(head.fields.name(index)), "a field name is no token")
        require(FieldSyntax.isValue(head.fields.value(index)), "a field value is malformed")
        text += " \(head.fields.name(index).text)=\(head.fields.value(index).text)"
    }
    if head.framing(for: .head) != .none { fatalError("a response to HEAD has a body") }
    return text
}
