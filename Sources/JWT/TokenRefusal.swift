/// Why a token is not accepted.
package enum TokenRefusal: Error, Equatable, Sendable {
    /// It is no well-formed token; the detail is a text of ours, never of the token.
    case malformed(String)
    /// It is longer than 16 KiB.
    case tooLarge
    /// Its `alg` is `none`, unknown, or not one that its issuer's key is for.
    case unsupportedAlgorithm
    /// Its header asks for an extension that must be understood.
    case unknownCritical
    /// Its `typ` says that it is something else, such as an ID token.
    case wrongType
    case missingClaim(String)
    case unknownIssuer
    /// No key of its issuer is the one that its header names, or none or several could be.
    case unknownKey
    case badSignature
    /// Seconds since `exp`.
    case expired(secondsAgo: Int64)
    /// Seconds until `nbf`.
    case notYetValid(secondsAhead: Int64)
    /// Seconds until `iat`.
    case issuedInFuture(secondsAhead: Int64)
    case wrongAudience
    case revoked
    /// The issuer's keys could not be had so far; not the token's fault (503, not 401).
    case keysUnavailable
}

extension TokenRefusal: CustomStringConvertible {
    /// A sentence for `error_description`: only characters that may stand in a quoted string (RFC 6750 §3).
    package var description: String {
        switch self {
        case .malformed(let detail): "The token is malformed: \(detail)"
        case .tooLarge: "The token is larger than 16 KiB"
        case .unsupportedAlgorithm: "The token is signed with an algorithm that its key is not for"
        case .unknownCritical: "The token asks for an extension that is not supported (crit)"
        case .wrongType: "The token is of another type (typ); an access token is needed"
        case .missingClaim(let name): "The token has no claim \(name)"
        case .unknownIssuer: "The issuer of the token is unknown"
        case .unknownKey: "The token is signed with an unknown key"
        case .badSignature: "The signature of the token is not valid"
        case .expired(let seconds): "The token expired \(Self.span(seconds)) ago"
        case .notYetValid(let seconds): "The token is not valid yet, but in \(Self.span(seconds))"
        case .issuedInFuture(let seconds): "The token was issued in the future, in \(Self.span(seconds))"
        case .wrongAudience: "The token is for another audience"
        case .revoked: "The token was revoked"
        case .keysUnavailable: "The keys of the issuer of the token are not available"
        }
    }

    /// A short name for logs and metrics.
    package var reason: String {
        switch self {
        case .malformed: "malformed"
        case .tooLarge: "too_large"
        case .unsupportedAlgorithm: "unsupported_algorithm"
        case .unknownCritical: "unknown_critical"
        case .wrongType: "wrong_type"
        case .missingClaim: "missing_claim"
        case .unknownIssuer: "unknown_issuer"
        case .unknownKey: "unknown_key"
        case .badSignature: "bad_signature"
        case .expired: "expired"
        case .notYetValid: "not_yet_valid"
        case .issuedInFuture: "issued_in_future"
        case .wrongAudience: "wrong_audience"
        case .revoked: "revoked"
        case .keysUnavailable: "keys_unavailable"
        }
    }

    /// Every value that `reason` can have.
    package static let reasons: [String] = [
        "malformed", "too_large", "unsupported_algorithm", "unknown_critical", "wrong_type", "missing_claim",
        "unknown_issuer", "unknown_key", "bad_signature", "expired", "not_yet_valid", "issued_in_future",
        "wrong_audience", "revoked", "keys_unavailable",
    ]

    /// A span of time in its largest whole unit, rounded down.
    private static func span(_ seconds: Int64) -> String {
        switch seconds {
        case ..<60: "\(seconds) s"
        case ..<3600: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86400) d"
        }
    }
}
