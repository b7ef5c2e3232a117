import Bytes

/// Reads the head of an HTTP/1 response (RFC 9112 §4, §5), as strictly as requests are read.
///
/// Of the limits, the one on the target bounds the status line.
@usableFromInline
package struct ResponseHeadParser {
    private let limits: HTTPLimits
    private var isInFields = false
    private var searched = 0
    private var section = FieldSectionParser()

    package init(limits: HTTPLimits) {
        self.limits = limits
    }

    /// Reads on in `input`, which starts at the first byte of the response in each call and only grows.
    ///
    /// - Returns: How many bytes the head took, or nil while more are needed.
    /// - Throws: The first fault; the connection is of no use after it.
    package mutating func parse(
        _ input: UnsafeRawBufferPointer,
        into head: ResponseHead
    ) throws(HTTPParseError) -> Int? {
        guard let base = input.baseAddress else { return nil }
        if !isInFields {
            guard let end = try LineScanner.endOfLine(base, searched: &searched, to: input.count) else {
                if searched > limits.targetSize { throw .malformedStatusLine }
                return nil
            }
            guard end <= limits.targetSize else { throw .malformedStatusLine }
            try readStatusLine(input.slice(0..<end), into: head)
            section = FieldSectionParser(start: end + 2, shift: head.fields.used - (end + 2))
            isInFields = true
        }
        guard let consumed = try section.parse(input, into: head.fields, limits: limits) else { return nil }
        section.store(input, in: head.fields)
        isInFields = false
        searched = 0
        try head.finish()
        return consumed
    }

    /// RFC 9112 §4: HTTP-version SP status-code SP [reason-phrase]; many leave out the last space with the phrase.
    private func readStatusLine(_ line: UnsafeRawBufferPointer, into head: ResponseHead) throws(HTTPParseError) {
        guard line.count >= 12, line.slice(0..<5).equals("HTTP/"), line[8] == 0x20 else { throw .malformedStatusLine }
        let version = line.slice(5..<8)
        if version.equals("1.1") {
            head.minorVersion = 1
        } else if version.equals("1.0") {
            head.minorVersion = 0
        } else {
            throw .unsupportedVersion
        }
        var status = 0
        for byte in line.slice(9..<12) {
            guard ASCII.isDigit(byte) else { throw .malformedStatusLine }
            status = status * 10 + Int(byte - 0x30)
        }
        guard status >= 100, line.count == 12 || line[12] == 0x20 else { throw .malformedStatusLine }
        head.status = status
        let reason = line.slice(min(13, line.count)..<line.count)
        head.reasonSpan = ByteSpan(offset: head.fields.copy(reason), count: reason.count)
    }
}
