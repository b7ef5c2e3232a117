import Bytes
import HTTP

/// Puts the fields of HTTP/2 requests together, one block after the other, and judges them (RFC 9113 §8).
///
/// How it works: pseudo-fields come first and are kept until the first other field is there; only then the request can
/// begin. After a fault nothing is kept any more, but for what says how the answer must look, and fields go on to be
/// measured.
struct HTTP2RequestReader: ~Copyable {
    private let limits: HTTPLimits
    /// The values of the pseudo-fields, one behind the other.
    private var values = ByteBuffer()
    private var pseudoFields = PseudoFields()
    /// Cookies may come in crumbs, which other versions of HTTP take as one field (RFC 9113 §8.2.3).
    private var cookies = ByteBuffer()
    private var hasCookie = false
    private var hasBegun = false
    private var fault: HTTPParseError?
    /// What all fields so far come to, by the measure of SETTINGS_MAX_HEADER_LIST_SIZE (RFC 9113 §6.5.2).
    private(set) var decodedSize = 0
    /// Bytes that the fields would have as lines of HTTP/1, so that one limit means the same in both.
    private var linesSize = 0

    /// A pseudo-field's place in `values`.
    private struct PseudoFields {
        var method: Range<Int>?
        var scheme: Range<Int>?
        var path: Range<Int>?
        var authority: Range<Int>?
        var connectProtocol: Range<Int>?
    }

    init(limits: HTTPLimits) {
        self.limits = limits
    }

    /// Whether so much came that it can't be an honest request that is merely too large.
    var isBomb: Bool { decodedSize > 4 * (limits.headerSize + limits.targetSize) }

    /// A block begins.
    mutating func begin() {
        values.removeAll()
        cookies.removeAll()
        pseudoFields = PseudoFields()
        hasCookie = false
        hasBegun = false
        fault = nil
        decodedSize = 0
        linesSize = 0
    }

    /// Takes a field of a request, whose head is fresh from `reset()` at the first one.
    mutating func field(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, into head: RequestHead) {
        decodedSize += name.count + value.count + Self.fieldOverhead
        guard fault == nil else { return keepForm(name, value, in: head) }
        do throws(HTTPParseError) {
            if name.first == UInt8(ascii: ":") { return try pseudoField(name, value) }
            if !hasBegun { try beginRequest(head) }
            try Self.check(name, value)
            try measure(name, value)
            if name.equals("cookie") { return keepCookie(value) }
            try head.append(name: name, value: value, limits: limits)
        } catch {
            fault = error
        }
    }

    /// Keeps the content type of a request that is refused, by which calls of gRPC are known.
    private func keepForm(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, in head: RequestHead) {
        guard name.equals("content-type"), value.count <= Self.longestForm, !head.fields.contains(.contentType) else {
            return
        }
        do throws(HTTPParseError) {
            try Self.check(name, value)
            try head.fields.append(name: name, value: value)
        } catch {
            // The answer takes the usual form then.
        }
    }

    /// Ends the block of a request.
    ///
    /// - Throws: The first fault; the head then holds as much as was understood.
    mutating func finish(_ head: RequestHead, endsStream: Bool) throws(HTTPParseError) {
        if let fault { throw fault }
        if !hasBegun { try beginRequest(head) }
        if hasCookie {
            let name: StaticString = "cookie"
            let bytes = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
            try head.append(name: bytes, value: cookies.bytes, limits: limits)
        }
        try head.finish(isComplete: endsStream)
    }

    // MARK: Trailers

    /// Takes a field of a trailer section.
    mutating func trailer(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, into trailers: FieldList) {
        decodedSize += name.count + value.count + Self.fieldOverhead
        guard fault == nil else { return }
        do throws(HTTPParseError) {
            // RFC 9113 §8.1: no pseudo-fields.
            if name.first == UInt8(ascii: ":") { throw .invalidPseudoField }
            try Self.check(name, value)
            guard trailers.count < limits.headerCount else { throw .tooManyFields }
            try measure(name, value)
            try trailers.append(name: name, value: value)
        } catch {
            fault = error
        }
    }

    /// Ends a trailer section, which is the last thing of its request (RFC 9113 §8.1).
    ///
    /// What may not be a trailer is left out, as `ChunkedDecoder` does for HTTP/1.
    func finish(_ trailers: FieldList, endsStream: Bool) throws(HTTPParseError) {
        if let fault { throw fault }
        guard endsStream else { throw .invalidTrailers }
        // RFC 9113 §8.2.2.
        for name: FieldName in [.connection, .proxyConnection, .keepAlive, .transferEncoding, .upgrade]
        where trailers.contains(name) {
            throw .connectionSpecificField
        }
        trailers.removeAll { name, _ in name.isForbiddenTrailer }
    }

    // MARK: Rules

    /// What a field of nothing counts in a decoded block, since it costs something too.
    private static let fieldOverhead = 32
    /// Bytes of a content type.
    private static let longestForm = 128
    /// The colon, the space and the end of a line.
    private static let lineOverhead = 4

    private mutating func measure(
        _ name: UnsafeRawBufferPointer,
        _ value: UnsafeRawBufferPointer
    ) throws(HTTPParseError) {
        linesSize += name.count + value.count + Self.lineOverhead
        guard linesSize <= limits.headerSize else { throw .fieldsTooLarge }
    }

    /// RFC 9113 §8.2.1, of what HTTP/1 would not notice.
    private static func check(
        _ name: UnsafeRawBufferPointer,
        _ value: UnsafeRawBufferPointer
    ) throws(HTTPParseError) {
        for byte in name where ASCII.lowercased(byte) != byte { throw .upperCaseFieldName }
        guard let first = value.first, let last = value.last else { return }
        if first == 0x20 || first == 0x09 || last == 0x20 || last == 0x09 { throw .spaceAroundValue }
    }

    /// RFC 9113 §8.3: each once, before all other fields, and none that is not known.
    private mutating func pseudoField(
        _ name: UnsafeRawBufferPointer,
        _ value: UnsafeRawBufferPointer
    ) throws(HTTPParseError) {
        guard !hasBegun else { throw .invalidPseudoField }
        if name.equals(":path"), value.count > limits.targetSize { throw .targetTooLong }
        guard values.count + value.count <= limits.targetSize + limits.headerSize else { throw .fieldsTooLarge }
        let range = values.count..<(values.count + value.count)
        values.append(value)
        func set(_ place: inout Range<Int>?) throws(HTTPParseError) {
            guard place == nil else { throw .invalidPseudoField }
            place = range
        }
        switch name.count {
        case 5 where name.equals(":path"): try set(&pseudoFields.path)
        case 7 where name.equals(":method"): try set(&pseudoFields.method)
        case 7 where name.equals(":scheme"): try set(&pseudoFields.scheme)
        case 9 where name.equals(":protocol"): try set(&pseudoFields.connectProtocol)
        case 10 where name.equals(":authority"): try set(&pseudoFields.authority)
        default: throw .invalidPseudoField
        }
    }

    /// Starts the request with its pseudo-fields, which are complete now (RFC 9113 §8.3.1, §8.5, RFC 8441 §4).
    private mutating func beginRequest(_ head: RequestHead) throws(HTTPParseError) {
        hasBegun = true
        let bytes = values.bytes
        guard let methodRange = pseudoFields.method else { throw .invalidPseudoField }
        let method = bytes.slice(methodRange)
        let authority = pseudoFields.authority.map { bytes.slice($0) }
        let target: UnsafeRawBufferPointer
        if method.equals("CONNECT"), pseudoFields.connectProtocol == nil {
            guard pseudoFields.path == nil, pseudoFields.scheme == nil, authority != nil else {
                throw .invalidPseudoField
            }
            target = UnsafeRawBufferPointer(start: nil, count: 0)
        } else {
            guard let path = pseudoFields.path, let scheme = pseudoFields.scheme, !path.isEmpty else {
                throw .invalidPseudoField
            }
            let isExtended = pseudoFields.connectProtocol != nil
            guard !isExtended || method.equals("CONNECT") && authority != nil else { throw .invalidPseudoField }
            let spoken = bytes.slice(scheme)
            guard spoken.equals("https") || spoken.equals("http") else { throw .invalidPseudoField }
            target = bytes.slice(path)
        }
        try head.begin(
            method: method,
            target: target,
            authority: authority,
            connectProtocol: pseudoFields.connectProtocol.map { bytes.slice($0) },
            limits: limits
        )
    }

    private mutating func keepCookie(_ value: UnsafeRawBufferPointer) {
        if hasCookie { cookies.append("; ") }
        hasCookie = true
        cookies.append(value)
    }
}
