// uses: Bytes HTTP
import Bytes
import HTTP

// Properties: pieces of any size are read as the whole is; content never exceeds the input; and what is written from the
// content and the trailers reads the same.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzChunkedBody(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: count)
    let whole = decode(input, inPieces: false)
    let pieces = decode(input, inPieces: true)
    require(whole.outcome == pieces.outcome, "the whole was \(whole.outcome), pieces were \(pieces.outcome)")
    if whole.outcome == .complete {
        require(whole.consumed == pieces.consumed && whole.content == pieces.content, "pieces read otherwise")
        require(whole.trailers == pieces.trailers, "pieces have other trailers")
        require(whole.content.count + 5 <= whole.consumed, "content out of nothing")
        checkRewritten(whole)
    }
    return 0
}

private enum Outcome {
    case complete
    case incomplete
    case refused
}

private struct Decoded {
    var outcome = Outcome.incomplete
    var consumed = 0
    var content: [UInt8] = []
    var trailers: [[UInt8]] = []
}

private func decode(_ input: UnsafeRawBufferPointer, inPieces: Bool, headerSize: Int = 256) -> Decoded {
    var decoder = ChunkedDecoder(limits: HTTPLimits(headerSize: headerSize, headerCount: 4))
    var decoded = Decoded()
    var cuts = Cuts(input)
    while decoded.consumed < input.count, decoded.outcome == .incomplete {
        let size = inPieces ? cuts.next(input.count - decoded.consumed) : input.count
        let piece = input.slice(decoded.consumed..<(decoded.consumed + size))
        withExactCopy(piece) { read($0, &decoder, &decoded) }
    }
    if let trailers = decoder.trailers, decoded.outcome == .complete {
        for index in 0..<trailers.count {
            require(!trailers.fieldName(index).isForbiddenTrailer, "a forbidden trailer came through")
            require(FieldSyntax.isToken(trailers.name(index)), "a field name is no token")
            require(FieldSyntax.isValue(trailers.value(index)), "a field value is malformed")
            decoded.trailers += [Array(trailers.name(index)), Array(trailers.value(index))]
        }
    }
    return decoded
}

private func read(_ piece: UnsafeRawBufferPointer, _ decoder: inout ChunkedDecoder, _ decoded: inout Decoded) {
    var used = 0
    defer { decoded.consumed += used }
    while true {
        do throws(HTTPParseError) {
            switch try decoder.next(piece.slice(used..<piece.count), consumed: &used) {
            case .needMore:
                require(used == piece.count, "more is needed, but not all was taken")
                return
            case .data(let bytes):
                require(!bytes.isEmpty, "an event without content")
                decoded.content += Array(bytes)
            case .end:
                decoded.outcome = .complete
                return
            }
        } catch {
            decoded.outcome = .refused
            return
        }
    }
}

private func checkRewritten(_ decoded: Decoded) {
    var output = ByteBuffer()
    decoded.content.withUnsafeBytes { ChunkEncoder.append($0, to: &output) }
    var fields = FieldBlock()
    for index in stride(from: 0, to: decoded.trailers.count, by: 2) {
        decoded.trailers[index].withUnsafeBytes { name in
            decoded.trailers[index + 1].withUnsafeBytes { fields.append(name: name, value: $0) }
        }
    }
    ChunkEncoder.appendEnd(trailers: fields, to: &output)
    let again = decode(output.bytes, inPieces: false, headerSize: 1024)
    require(again.outcome == .complete && again.content == decoded.content, "what was written reads otherwise")
    require(again.trailers == decoded.trailers, "what was written has other trailers")
}
