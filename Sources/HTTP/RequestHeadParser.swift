import Bytes

/// Reads the head of an HTTP/1 request (RFC 9112 §3, §5), strictly, whether it comes at once or byte by byte.
///
/// One parser serves one connection, request after request. It remembers how far it searched, so bytes that come one at a
/// time cost no more than those that come together.
@usableFromInline
package struct RequestHeadParser {
    private enum Phase {
        case start
        case requestLine(start: Int)
        case fields
    }

    private let limits: HTTPLimits
    private var phase = Phase.start
    private var searched = 0
    private var section = FieldSectionParser()

    package init(limits: HTTPLimits) {
        self.limits = limits
    }

    /// Reads on in `input`, which starts at the first byte of the request in each call and only grows.
    ///
    /// The head must be the same, fresh from `reset()`, until the result is not nil. After an error the head still has
    /// the request line, if that was read, and no fields.
    ///
    /// - Returns: How many bytes the head took, or nil while more are needed.
    /// - Throws: The first fault; the connection is of no use after it.
    package mutating func parse(
        _ input: UnsafeRawBufferPointer,
        into head: RequestHead
    ) throws(HTTPParseError) -> Int? {
        guard let base = input.baseAddress else { return nil }
        if case .start = phase {
            guard let start = try skipEmptyLine(base, count: input.count) else { return nil }
            searched = start
            phase = .requestLine(start: start)
        }
        if case .requestLine(let start) = phase {
            guard let end = try LineScanner.endOfLine(base, searched: &searched, to: input.count) else {
                try checkSize(base, from: start)
                return nil
            }
            try readRequestLine(UnsafeRawBufferPointer(start: base + start, count: end - start), into: head)
            section = FieldSectionParser(start: end + 2, shift: head.fields.used - (end + 2))
            phase = .fields
        }
        guard let consumed = try section.parse(input, into: head.fields, limits: limits) else { return nil }
        section.store(input, in: head.fields)
        phase = .start
        try head.finish()
        return consumed
    }

    /// RFC 9112 §2.2: one empty line before a request is skipped.
    private func skipEmptyLine(_ base: UnsafeRawPointer, count: Int) throws(HTTPParseError) -> Int? {
        guard base.load(as: UInt8.self) == 0x0D else { return 0 }
        guard count > 1 else { return nil }
        guard base.load(fromByteOffset: 1, as: UInt8.self) == 0x0A else { throw .bareCarriageReturn }
        return count > 2 ? 2 : nil
    }

    /// Refuses a request line that is too long before its end is there.
    private func checkSize(_ base: UnsafeRawPointer, from start: Int) throws(HTTPParseError) {
        let size = searched - start
        guard size > HTTPLimits.methodSize else { return }
        let line = UnsafeRawBufferPointer(start: base + start, count: size)
        guard let space = line.firstOffset(of: 0x20), space <= HTTPLimits.methodSize else { throw .methodTooLong }
        if size - space - 1 + 2 > limits.targetSize + limits.requestLineTail { throw .targetTooLong }
    }

    /// RFC 9112 §3: method SP request-target SP HTTP-version, with single spaces.
    private func readRequestLine(
        _ line: UnsafeRawBufferPointer,
        into head: RequestHead
    ) throws(HTTPParseError) {
        let fold = FieldNameTable.shared.fold
        var methodCount = 0
        while methodCount < line.count, fold[Int(line[methodCount])] != 0 { methodCount &+= 1 }
        guard methodCount > 0, methodCount < line.count, line[methodCount] == 0x20 else { throw .malformedRequestLine }
        guard methodCount <= HTTPLimits.methodSize else { throw .methodTooLong }
        let targetStart = methodCount + 1
        let targetEnd = line.count - 9
        guard targetEnd > targetStart, line[targetEnd] == 0x20 else { throw .malformedRequestLine }
        let minorVersion = try minorVersion(line.slice((targetEnd + 1)..<line.count))
        guard targetEnd - targetStart <= limits.targetSize else { throw .targetTooLong }
        let offset = head.fields.copy(line)
        head.line.methodSpan = ByteSpan(offset: offset, count: methodCount)
        head.line.method = HTTPMethod(line.slice(0..<methodCount))
        head.line.minorVersion = minorVersion
        let target = ByteSpan(offset: offset + targetStart, count: targetEnd - targetStart)
        head.line.target = target
        head.line.set(try RequestTarget(target, method: head.line.method, in: head.fields))
    }

    /// The minor version of `HTTP/1.0` or `HTTP/1.1` (RFC 9112 §2.3).
    private func minorVersion(_ bytes: UnsafeRawBufferPointer) throws(HTTPParseError) -> UInt8 {
        if bytes.equals("HTTP/1.1") { return 1 }
        if bytes.equals("HTTP/1.0") { return 0 }
        guard bytes.slice(0..<5).equals("HTTP/"), ASCII.isDigit(bytes[5]), bytes[6] == UInt8(ascii: "."),
            ASCII.isDigit(bytes[7])
        else { throw .malformedRequestLine }
        throw .unsupportedVersion
    }
}
