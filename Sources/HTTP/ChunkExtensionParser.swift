import Bytes

/// Checks the extensions on a chunk-size line, byte by byte (RFC 9112 §7.1.1).
///
/// `*( BWS ";" BWS chunk-ext-name [ BWS "=" BWS ( token / quoted-string ) ] )`. A CR inside a quoted string is refused, or
/// else two servers could see the line end in two places.
struct ChunkExtensionParser {
    private enum State {
        case beforeSemicolon
        case nameStart
        case name
        case afterName
        case valueStart
        case token
        case quoted
        case quotedPair
        case afterQuoted
    }

    private var state = State.beforeSemicolon

    /// Takes one byte; true if it is the CR behind a well-formed extension.
    mutating func step(_ byte: UInt8) throws(HTTPParseError) -> Bool {
        let isSpace = byte == 0x20 || byte == 0x09
        switch state {
        case .beforeSemicolon where isSpace, .nameStart where isSpace, .afterName where isSpace,
            .valueStart where isSpace:
            return false
        case .nameStart, .valueStart:
            if state == .valueStart, byte == UInt8(ascii: "\"") {
                state = .quoted
            } else if isToken(byte) {
                state = state == .nameStart ? .name : .token
            } else {
                throw fault(byte)
            }
            return false
        case .name where isToken(byte), .token where isToken(byte):
            return false
        case .name where byte == UInt8(ascii: "="), .afterName where byte == UInt8(ascii: "="):
            state = .valueStart
            return false
        case .quoted, .quotedPair:
            try stepInQuotes(byte)
            return false
        case .name, .token, .afterQuoted, .beforeSemicolon, .afterName:
            return try stepAfterPart(byte, isSpace: isSpace)
        }
    }

    /// A byte behind a name or a value: white space, the next extension or the end of the line.
    private mutating func stepAfterPart(_ byte: UInt8, isSpace: Bool) throws(HTTPParseError) -> Bool {
        if byte == UInt8(ascii: ";") {
            state = .nameStart
            return false
        }
        if isSpace {
            state = state == .name ? .afterName : .beforeSemicolon
            return false
        }
        // White space is allowed only before another `;`.
        guard byte == 0x0D, state == .name || state == .token || state == .afterQuoted else { throw fault(byte) }
        return true
    }

    /// RFC 9110 §5.6.4.
    private mutating func stepInQuotes(_ byte: UInt8) throws(HTTPParseError) {
        guard byte >= 0x20 || byte == 0x09, byte != 0x7F else { throw fault(byte) }
        if state == .quotedPair {
            state = .quoted
        } else if byte == UInt8(ascii: "\\") {
            state = .quotedPair
        } else if byte == UInt8(ascii: "\"") {
            state = .afterQuoted
        }
    }

    private func isToken(_ byte: UInt8) -> Bool { FieldNameTable.shared.fold[Int(byte)] != 0 }

    private func fault(_ byte: UInt8) -> HTTPParseError {
        byte == 0x0A ? .bareLineFeed : .invalidChunkExtension
    }
}
