import Bytes

// The decoder takes every byte that it is given and keeps nothing but a few numbers, so that a body can come in pieces
// of any size without being buffered. Only trailer fields are collected, and those are bounded.

/// What a chunked body goes on with.
@usableFromInline
package enum ChunkedEvent {
    /// The input is used up.
    case needMore
    /// Content; the buffer is part of the input.
    case data(UnsafeRawBufferPointer)
    /// The body is complete; what follows in the input belongs to the next message.
    case end
}

/// Takes a chunked body apart (RFC 9112 §7.1); extensions are checked and dropped.
@usableFromInline
package struct ChunkedDecoder {
    /// The most bytes that all extensions of a body may have: they cost time and carry nothing.
    package static let extensionSize = 16 << 10

    /// The trailer fields once the body is complete, without those that may not be trailers; nil if there were none.
    package private(set) var trailers: FieldList?

    private let limits: HTTPLimits
    private var state = State.sizeStart
    private var size: UInt64 = 0
    private var digits = 0
    private var extensionBytes = 0
    private var section = FieldSectionParser()

    private enum State {
        case sizeStart
        case size
        case chunkExtension(ChunkExtensionParser)
        case sizeLineFeed
        case data
        case dataCarriageReturn
        case dataLineFeed
        case trailerStart
        case trailers
        case lastLineFeed
        case end
    }

    /// A decoder for one body; of the limits, those on fields bound the trailer section.
    package init(limits: HTTPLimits) {
        self.limits = limits
    }

    /// Bytes of the current chunk that have been announced and not come yet.
    package var remainingInChunk: UInt64 { size }

    /// Whether the body is complete.
    package var isComplete: Bool {
        if case .end = state { true } else { false }
    }

    /// Reads on to the next event and adds to `consumed` how many bytes of the input that took.
    package mutating func next(
        _ input: UnsafeRawBufferPointer,
        consumed: inout Int
    ) throws(HTTPParseError) -> ChunkedEvent {
        var index = 0
        defer { consumed += index }
        while true {
            if case .end = state { return .end }
            guard index < input.count else { return .needMore }
            if case .data = state {
                let count = Int(min(size, UInt64(input.count - index)))
                let start = index
                index += count
                size -= UInt64(count)
                if size == 0 { state = .dataCarriageReturn }
                return .data(input.slice(start..<index))
            }
            if case .trailers = state {
                index += try readTrailers(input.slice(index..<input.count))
                continue
            }
            let byte = input[index]
            if case .trailerStart = state, byte != 0x0D {
                startTrailers()
                continue
            }
            index += 1
            try step(byte)
        }
    }

    /// One byte outside of content and trailer fields.
    private mutating func step(_ byte: UInt8) throws(HTTPParseError) {
        switch state {
        case .sizeStart, .size:
            try readSize(byte)
        case .chunkExtension(var parser):
            extensionBytes += 1
            if extensionBytes > Self.extensionSize { throw .chunkExtensionsTooLarge }
            state = try parser.step(byte) ? .sizeLineFeed : .chunkExtension(parser)
        case .sizeLineFeed:
            guard byte == 0x0A else { throw .bareCarriageReturn }
            state = size == 0 ? .trailerStart : .data
        case .dataCarriageReturn:
            guard byte == 0x0D else { throw .missingChunkEnd }
            state = .dataLineFeed
        case .dataLineFeed:
            guard byte == 0x0A else { throw .missingChunkEnd }
            digits = 0
            state = .sizeStart
        case .trailerStart:
            state = .lastLineFeed
        case .lastLineFeed:
            guard byte == 0x0A else { throw .bareCarriageReturn }
            state = .end
        case .data, .trailers, .end:
            break
        }
    }

    /// RFC 9112 §7.1: 1*HEXDIG; more than 16 digits, or a size over `Int64.max`, has no honest use.
    private mutating func readSize(_ byte: UInt8) throws(HTTPParseError) {
        if let digit = ASCII.hexadecimalValue(byte) {
            digits += 1
            size = size << 4 | UInt64(digit)
            guard digits <= 16, size <= UInt64(Int64.max) else { throw .invalidChunkSize }
            state = .size
            return
        }
        guard digits > 0 else { throw .invalidChunkSize }
        switch byte {
        case 0x0D:
            state = .sizeLineFeed
        case UInt8(ascii: ";"), 0x20, 0x09:
            var parser = ChunkExtensionParser()
            _ = try parser.step(byte)
            extensionBytes += 1
            if extensionBytes > Self.extensionSize { throw .chunkExtensionsTooLarge }
            state = .chunkExtension(parser)
        case 0x0A: throw .bareLineFeed
        default: throw .invalidChunkSize
        }
    }

    private mutating func startTrailers() {
        trailers = FieldList(capacity: 256, fieldCapacity: 8)
        section = FieldSectionParser()
        state = .trailers
    }

    /// Collects trailer fields and returns how many bytes of the input belong to them.
    private mutating func readTrailers(_ input: UnsafeRawBufferPointer) throws(HTTPParseError) -> Int {
        guard let trailers else { return 0 }
        let before = trailers.used
        // Four bytes more than the limit are enough to see that a section is too large.
        let taken = min(input.count, max(limits.headerSize + 4 - before, 1))
        _ = trailers.copy(input.slice(0..<taken))
        let memory = UnsafeRawBufferPointer(start: trailers.base, count: trailers.used)
        guard let end = try section.parse(memory, into: trailers, limits: limits) else { return taken }
        section.publish(in: trailers)
        trailers.used = end
        trailers.removeAll { name, _ in name.isForbiddenTrailer }
        state = .end
        return end - before
    }
}

extension FieldName {
    /// Whether a trailer of this name is dropped: it would say how to frame, route, authenticate or process the message
    /// after that has happened (RFC 9110 §6.5.1).
    package var isForbiddenTrailer: Bool {
        if isHopByHop { return true }
        switch self {
        case .host, .contentLength, .expect, .maxForwards, .range, .pragma, .cacheControl, .proxy: return true
        case .ifMatch, .ifNoneMatch, .ifModifiedSince, .ifUnmodifiedSince, .ifRange: return true
        case .authorization, .wwwAuthenticate, .cookie, .setCookie, .setCookie2, .origin, .referer: return true
        case .age, .date, .expires, .location, .retryAfter, .vary: return true
        case .contentEncoding, .contentType, .contentRange, .contentLocation: return true
        case .via, .forwarded, .xForwardedFor, .xForwardedHost, .xForwardedPort, .xForwardedPrefix: return true
        case .xForwardedProto, .xForwardedServer, .xRealIP, .xRequestID, .traceparent, .tracestate: return true
        case .xHTTPMethod, .xHTTPMethodOverride, .xMethodOverride, .xOriginalURL, .xRewriteURL: return true
        case .xUserName, .xClientID: return true
        default: return false
        }
    }
}
