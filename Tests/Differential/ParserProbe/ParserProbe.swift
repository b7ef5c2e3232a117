import Bytes
import Glibc
import HTTP

// Reads cases from standard input, each as four bytes of size (most significant first) and so many bytes that a client
// might send, and writes one line of JSON for each: the requests that were read from it and how that ended. Bytes are
// written as hexadecimal digits, so that nothing needs escaping.

@main
enum ParserProbe {
    static func main() {
        while let header = read(4) {
            let size = header.reduce(0) { $0 << 8 | Int($1) }
            guard let input = read(size) else { return }
            print(input.withUnsafeBytes { ClientReading($0).json })
        }
    }

    private static func read(_ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(0, buffer.baseAddress.map { $0 + filled }, count - filled)
            }
            guard got > 0 else { return nil }
            filled += got
        }
        return bytes
    }
}

/// What was read from the bytes of one client.
struct ClientReading {
    private var messages: [String] = []
    private var ending = "clean"

    init(_ input: UnsafeRawBufferPointer) {
        let limits = HTTPLimits()
        let head = RequestHead()
        var parser = RequestHeadParser(limits: limits)
        var offset = 0
        do throws(HTTPParseError) {
            while offset < input.count {
                head.reset()
                guard let consumed = try parser.parse(input.slice(offset..<input.count), into: head) else {
                    ending = "incomplete"
                    return
                }
                offset += consumed
                let rest = input.slice(offset..<input.count)
                guard let body = try MessageBody(head.framing, in: rest, limits: limits) else {
                    ending = "incomplete"
                    return
                }
                offset += body.consumed
                messages.append(describe(head, body))
                guard head.keepsAlive else {
                    ending = "closed"
                    return
                }
            }
        } catch {
            ending = "refused: \(error)"
        }
    }

    var json: String {
        "{\"ending\": \"\(ending)\", \"messages\": [\(messages.joined(separator: ", "))]}"
    }

    private func describe(_ head: RequestHead, _ body: MessageBody) -> String {
        let fields = (0..<head.fieldCount).map { pair(head.name($0), head.value($0)) }
        let trailers = body.trailers.map { list in (0..<list.count).map { pair(list.name($0), list.value($0)) } } ?? []
        return """
            {"method": "\(hexadecimal(head.methodBytes))", "target": "\(hexadecimal(head.target))", \
            "version": "1.\(head.minorVersion)", "fields": [\(fields.joined(separator: ", "))], \
            "body": "\(body.content.withUnsafeBytes(hexadecimal))", "trailers": [\(trailers.joined(separator: ", "))]}
            """
    }

    private func pair(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> String {
        "[\"\(hexadecimal(name))\", \"\(hexadecimal(value))\"]"
    }

    private func hexadecimal(_ bytes: UnsafeRawBufferPointer) -> String {
        bytes.map { byte in
            let digits = String(byte, radix: 16)
            return byte < 16 ? "0" + digits : digits
        }.joined()
    }
}

/// The body that follows a head.
struct MessageBody {
    var consumed = 0
    var content: [UInt8] = []
    var trailers: FieldList?

    /// Reads the body from the start of these bytes; nil if it is not complete.
    init?(_ framing: BodyFraming, in input: UnsafeRawBufferPointer, limits: HTTPLimits) throws(HTTPParseError) {
        switch framing {
        case .none, .untilClose:
            return
        case .length(let length):
            guard length <= UInt64(input.count) else { return nil }
            consumed = Int(length)
            content = Array(input.slice(0..<consumed))
        case .chunked:
            var decoder = ChunkedDecoder(limits: limits)
            while !decoder.isComplete {
                switch try decoder.next(input.slice(consumed..<input.count), consumed: &consumed) {
                case .needMore: return nil
                case .data(let bytes): content += Array(bytes)
                case .end: trailers = decoder.trailers
                }
            }
        }
    }
}
