// uses: Bytes HTTP
import Bytes
import HTTP

// Properties: pieces of any size are read as the whole is; what is accepted holds no control byte, has a normal path and a
// framing that only one reading gives; and when it is written again from what was read, it reads the same.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRequestHead(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: count)
    let limits = HTTPLimits(targetSize: 512, headerSize: 2048, headerCount: 16)
    let whole = RequestHead()
    let outcome = withExactCopy(input) { parse($0, into: whole, limits) }
    let pieces = RequestHead()
    let outcomeOfPieces = parseInPieces(input, into: pieces, limits)
    switch (outcome, outcomeOfPieces) {
    case (.complete(let consumed), .complete(let consumedOfPieces)):
        require(consumed == consumedOfPieces, "pieces took \(consumedOfPieces) bytes, the whole \(consumed)")
        require(written(whole) == written(pieces), "pieces read otherwise")
        checkAccepted(whole, limits)
    case (.incomplete, .incomplete):
        break
    case (.refused, .refused):
        break
    case (.complete(let consumed), _):
        require(false, "the whole took \(consumed) bytes, pieces were \(outcomeOfPieces)")
    default:
        require(false, "the whole was \(outcome), pieces were \(outcomeOfPieces)")
    }
    whole.reset()
    require(
        whole.fieldCount == 0 && whole.path.isEmpty && whole.host.isEmpty && whole.framing == .none,
        "reset left state"
    )
    return 0
}

private enum Outcome {
    case complete(Int)
    case incomplete
    case refused(HTTPParseError)
}

private func parse(_ input: UnsafeRawBufferPointer, into head: RequestHead, _ limits: HTTPLimits) -> Outcome {
    var parser = RequestHeadParser(limits: limits)
    do throws(HTTPParseError) {
        guard let consumed = try parser.parse(input, into: head) else { return .incomplete }
        return .complete(consumed)
    } catch {
        return .refused(error)
    }
}

private func parseInPieces(_ input: UnsafeRawBufferPointer, into head: RequestHead, _ limits: HTTPLimits) -> Outcome {
    var parser = RequestHeadParser(limits: limits)
    var cuts = Cuts(input)
    var end = 0
    while end < input.count {
        end += cuts.next(input.count - end)
        let outcome = withExactCopy(input.slice(0..<end)) { piece -> Outcome in
            do throws(HTTPParseError) {
                guard let consumed = try parser.parse(piece, into: head) else { return .incomplete }
                return .complete(consumed)
            } catch {
                return .refused(error)
            }
        }
        if case .incomplete = outcome { continue }
        return outcome
    }
    return .incomplete
}

/// The head as it would be sent on.
private func written(_ head: RequestHead) -> [UInt8] {
    var text = Array(head.methodBytes) + Array(" ".utf8)
    switch head.targetForm {
    case .origin, .absolute:
        text += Array(head.path)
        if let query = head.query { text += Array("?".utf8) + Array(query) }
    case .authority, .asterisk:
        text += Array(head.targetForm == .asterisk ? head.path : head.target)
    }
    text += Array(" HTTP/1.\(head.minorVersion)\r\n".utf8)
    for index in 0..<head.fieldCount {
        text += Array(head.name(index)) + Array(": ".utf8) + Array(head.value(index)) + Array("\r\n".utf8)
    }
    return text + Array("\r\n".utf8)
}

private func checkAccepted(_ head: RequestHead, _ limits: HTTPLimits) {
    require(head.fieldCount <= limits.headerCount && head.target.count <= limits.targetSize, "over a limit")
    require(FieldSyntax.isToken(head.methodBytes), "the method is no token")
    for index in 0..<head.fieldCount {
        let name = head.name(index)
        require(FieldSyntax.isToken(name), "a field name is no token")
        require(FieldSyntax.isValue(head.value(index)), "a field value is malformed")
        require(head.fieldName(index) == FieldName(name), "a name is not what it was taken for")
        require(head.foldedHash(index) == FieldSyntax.foldedHash(name), "a hash differs")
        let isKnown = head.fieldName(index) != .other
        require(
            !isKnown
                || String(decoding: name, as: UTF8.self).lowercased()
                    == "\(head.fieldName(index).spelling)".lowercased(),
            "wrong name"
        )
    }
    require(head.count(of: .host) == 1 || (head.minorVersion == 0 && head.count(of: .host) == 0), "Host")
    require(head.count(of: .contentLength) + head.count(of: .transferEncoding) <= 1, "ambiguous framing was accepted")
    checkPath(head)
    checkRewritten(head, limits)
}

private func checkPath(_ head: RequestHead) {
    guard head.targetForm == .origin || head.targetForm == .absolute else { return }
    guard let again = try? PathNormalizer.normalize(head.path) else {
        return require(false, "a normal path is refused")
    }
    require(again.bytes == Array(head.path), "a normal path changes")
    require(head.hasPathParameters || !again.hasParameters, "parameters were missed")
}

private func checkRewritten(_ head: RequestHead, _ limits: HTTPLimits) {
    let text = written(head)
    let generous = HTTPLimits(targetSize: 4096, headerSize: 1 << 16, headerCount: limits.headerCount)
    let again = RequestHead()
    let outcome = text.withUnsafeBytes { parse($0, into: again, generous) }
    guard case .complete(text.count) = outcome else { return require(false, "what was accepted is then \(outcome)") }
    require(written(again) == text, "what was written reads otherwise")
    require(again.framing == head.framing && again.keepsAlive == head.keepsAlive, "the framing changed")
    require(again.host.equals(head.host) || head.count(of: .host) == 0, "the host changed")
}
