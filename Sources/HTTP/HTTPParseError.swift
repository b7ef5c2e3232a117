/// What is wrong with a head, a request-target or a chunked body.
@usableFromInline
package enum HTTPParseError: Error, Equatable, Sendable, CaseIterable {
    case malformedRequestLine
    case malformedStatusLine
    case methodTooLong
    case unsupportedVersion
    case controlCharacter
    case bareCarriageReturn
    case bareLineFeed
    case foldedLine
    case invalidFieldName
    case spaceBeforeColon
    case fieldsTooLarge
    case tooManyFields
    case targetTooLong
    case malformedTarget
    case malformedEscape
    case forbiddenPathCharacter
    case pathAboveRoot
    case missingHost
    case repeatedHost
    case invalidHost
    case differingAuthority
    case invalidContentLength
    case repeatedContentLength
    case unsupportedTransferEncoding
    case lengthAndTransferEncoding
    case connectionSpecificField
    case invalidPseudoField
    case upperCaseFieldName
    case spaceAroundValue
    case contentLengthMismatch
    case invalidTrailers
    case invalidChunkSize
    case invalidChunkExtension
    case chunkExtensionsTooLarge
    case missingChunkEnd

    /// The status that a client whose request has this fault is answered with.
    package var status: Int {
        switch self {
        case .methodTooLong: 501
        case .unsupportedVersion: 505
        case .targetTooLong: 414
        case .fieldsTooLarge, .tooManyFields: 431
        default: 400
        }
    }

    /// One sentence for the client and the log; it holds nothing that the peer sent.
    package var detail: StaticString {
        switch self {
        case .malformedRequestLine: "The request line is malformed."
        case .malformedStatusLine: "The status line is malformed."
        case .methodTooLong: "The method is too long."
        case .unsupportedVersion: "The HTTP version is not supported."
        case .controlCharacter: "The head contains a control character."
        case .bareCarriageReturn: "A carriage return is not followed by a line feed."
        case .bareLineFeed: "A line feed is not preceded by a carriage return."
        case .foldedLine: "A field line is folded or the head starts with white space."
        case .invalidFieldName: "A field name is malformed."
        case .spaceBeforeColon: "There is white space between a field name and its colon."
        case .fieldsTooLarge: "The header fields are too large."
        case .tooManyFields: "There are too many header fields."
        case .targetTooLong: "The request target is too long."
        case .malformedTarget: "The request target is malformed."
        case .malformedEscape: "The path contains a malformed percent-escape."
        case .forbiddenPathCharacter: "The path contains a character that is not allowed in it."
        case .pathAboveRoot: "The path leads above its root."
        case .missingHost: "The Host field is missing."
        case .repeatedHost: "The Host field is repeated."
        case .invalidHost: "The Host field is malformed."
        case .differingAuthority: "The request target names another authority than the Host field."
        case .invalidContentLength: "The Content-Length field is malformed."
        case .repeatedContentLength: "The Content-Length field is repeated."
        case .unsupportedTransferEncoding: "The Transfer-Encoding is not a single chunked."
        case .lengthAndTransferEncoding: "Both Content-Length and Transfer-Encoding are there."
        case .connectionSpecificField: "A field is not allowed in this version of HTTP."
        case .invalidPseudoField: "A pseudo-field is missing, repeated, unknown, malformed or out of its place."
        case .upperCaseFieldName: "A field name has upper-case letters."
        case .spaceAroundValue: "A field value begins or ends with white space."
        case .contentLengthMismatch: "The body is not as long as Content-Length says."
        case .invalidTrailers: "The trailers are malformed."
        case .invalidChunkSize: "A chunk size is malformed."
        case .invalidChunkExtension: "A chunk extension is malformed."
        case .chunkExtensionsTooLarge: "The chunk extensions are too large."
        case .missingChunkEnd: "A chunk does not end where its size says."
        }
    }
}
