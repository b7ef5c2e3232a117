import JWT

/// A request that is refused with one of the registered error codes.
///
/// The code and the description are for the client, the reason is not.
package struct OAuthError: Error, Sendable, Equatable {
    package var code: Code
    /// For the client's developer: printable ASCII without `"` and `\` (RFC 6749 §5.2).
    package let description: String
    /// For the log and the metrics.
    package var reason: Reason
    /// The HTTP status where it is answered directly: 400, 401, 403, 429 or 503.
    package var status: Int
    /// Seconds, for `Retry-After`.
    package var retryAfter: Int?

    /// A refusal; characters that a description can't have are replaced with `?`.
    package init(
        _ code: Code,
        _ description: String,
        reason: Reason,
        status: Int? = nil,
        retryAfter: Int? = nil
    ) {
        self.code = code
        self.description = Self.legalDescription(description)
        self.reason = reason
        self.status = status ?? code.status
        self.retryAfter = retryAfter
    }

    /// The storage did not answer: neither yes nor no.
    ///
    /// Why is for the operator, and the store has reported it.
    package init(_ failure: StoreError) {
        self.init(
            .temporarilyUnavailable,
            "The server can't look this up now; try again in a moment.",
            reason: .storageUnavailable,
            retryAfter: 1
        )
    }

    private static func legalDescription(_ text: String) -> String {
        String(
            decoding: text.utf8.prefix(500).map { byte in
                let isLegal = (0x20...0x7E).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
                return isLegal ? byte : UInt8(ascii: "?")
            },
            as: UTF8.self
        )
    }
}

extension OAuthError {
    /// The error codes, by their names on the wire.
    package enum Code: String, Sendable {
        // RFC 6749 §4.1.2.1 and §5.2
        case invalidRequest = "invalid_request"
        case invalidClient = "invalid_client"
        case invalidGrant = "invalid_grant"
        case invalidScope = "invalid_scope"
        case unauthorizedClient = "unauthorized_client"
        case unsupportedGrantType = "unsupported_grant_type"
        case unsupportedResponseType = "unsupported_response_type"
        case accessDenied = "access_denied"
        case serverError = "server_error"
        case temporarilyUnavailable = "temporarily_unavailable"
        // RFC 6750 §3.1
        case invalidToken = "invalid_token"
        case insufficientScope = "insufficient_scope"
        // RFC 8707 §2
        case invalidTarget = "invalid_target"
        // OpenID Connect Core §3.1.2.6
        case loginRequired = "login_required"
        case consentRequired = "consent_required"
        case requestNotSupported = "request_not_supported"
        case requestURINotSupported = "request_uri_not_supported"
        case registrationNotSupported = "registration_not_supported"

        /// The HTTP status that goes with it where nothing else is said.
        var status: Int {
            switch self {
            case .invalidClient, .invalidToken: 401
            case .insufficientScope: 403
            case .temporarilyUnavailable: 503
            case .serverError: 500
            default: 400
            }
        }
    }

    /// Why, in words that metrics can count.
    package enum Reason: String, Sendable, CaseIterable {
        case malformedRequest = "malformed_request"
        case repeatedParameter = "repeated_parameter"
        case unsupportedResponseType = "unsupported_response_type"
        case unsupportedResponseMode = "unsupported_response_mode"
        case unsupportedGrantType = "unsupported_grant_type"
        case unsupportedParameter = "unsupported_parameter"
        case grantTypeNotRegistered = "grant_type_not_registered"
        case unknownClient = "unknown_client"
        case wrongClientSecret = "wrong_client_secret"
        case wrongAuthenticationMethod = "wrong_authentication_method"
        case clientThrottled = "client_throttled"
        case missingRedirectURI = "missing_redirect_uri"
        case redirectURIMismatch = "redirect_uri_mismatch"
        case unknownScope = "unknown_scope"
        case scopeNotAllowed = "scope_not_allowed"
        case unknownResource = "unknown_resource"
        case missingPKCE = "missing_pkce"
        case unsupportedPKCE = "unsupported_pkce"
        case wrongPKCE = "wrong_pkce"
        case unknownCode = "unknown_code"
        case usedCode = "used_code"
        case unknownRefreshToken = "unknown_refresh_token"
        case expiredRefreshToken = "expired_refresh_token"
        case usedRefreshToken = "used_refresh_token"
        case otherClient = "other_client"
        case unknownUser = "unknown_user"
        case unknownToken = "unknown_token"
        case deniedByUser = "denied_by_user"
        case notPermittedToUser = "not_permitted_to_user"
        case notSignedIn = "not_signed_in"
        case notConsented = "not_consented"
        case storageUnavailable = "storage_unavailable"
    }
}
