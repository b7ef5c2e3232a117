import HTTP
import JWT

/// Everything that the gateway refuses a request for or fails at; what the client gets follows from it here alone.
package enum GatewayFailure: Error, Equatable, Sendable {
    // What the client did.
    case malformedRequest(HTTPParseError)
    /// The path holds `;` or `%3B` and its route takes none.
    case pathParameters
    /// A field name holds `_` and the configuration rejects these.
    case underscoreName
    /// `Connection` names more fields than anybody needs.
    case connectionOptions
    /// Two fields ask for different methods.
    case methodOverride
    case requestTooSlow
    case bodyTooLarge
    case notFound
    case methodNotAllowed(allow: [UInt8])
    /// A preflight or a WebSocket from an origin that the route does not list.
    case originNotAllowed
    /// An extended CONNECT for something else than a WebSocket.
    case protocolNotKnown
    // Who the client is.
    case malformedCredentials(BearerCredentialsError)
    case credentialsMissing
    case tokenRefused(TokenRefusal)
    case accessRefused(AccessRefusal)
    // What is behind.
    case upstreamUnreachable
    case upstreamMalformed
    case upstreamTimedOut
    /// The upstream has done nothing for the request, a part of which it would have to be sent again.
    case upstreamRefused
    /// The upstream speaks HTTP/2 only, in which no protocol can be switched to.
    case upstreamCannotUpgrade
    /// Seconds until it makes sense to try again.
    case serversDown(retryAfter: Int)
    // The gateway itself.
    case overloaded(retryAfter: Int)
    case internalFault

    package init(_ error: AuthenticationError) {
        switch error {
        case .malformedCredentials(let error): self = .malformedCredentials(error)
        case .refused(let refusal): self = .tokenRefused(refusal)
        }
    }

    /// The status of the response.
    package var status: Int {
        switch self {
        case .malformedRequest(let error): error.status
        case .pathParameters, .underscoreName, .connectionOptions, .methodOverride, .malformedCredentials: 400
        case .requestTooSlow: 408
        case .bodyTooLarge: 413
        case .notFound: 404
        case .methodNotAllowed: 405
        case .originNotAllowed: 403
        case .protocolNotKnown: 501
        case .credentialsMissing: 401
        case .tokenRefused(.keysUnavailable): 503
        case .tokenRefused, .accessRefused(.wrongAudience), .accessRefused(.issuerNotAllowed): 401
        case .accessRefused: 403
        case .upstreamUnreachable, .upstreamMalformed, .upstreamCannotUpgrade: 502
        case .upstreamTimedOut: 504
        case .upstreamRefused, .serversDown, .overloaded: 503
        case .internalFault: 500
        }
    }

    /// The error code of RFC 6750 §3.1; a request without credentials has none.
    package var bearerError: StaticString? {
        switch self {
        case .malformedCredentials: "invalid_request"
        case .tokenRefused(.keysUnavailable): nil
        case .tokenRefused, .accessRefused(.wrongAudience), .accessRefused(.issuerNotAllowed): "invalid_token"
        case .accessRefused(.insufficientScope): "insufficient_scope"
        default: nil
        }
    }

    /// Whether the response carries `WWW-Authenticate`.
    package var isChallenge: Bool { self == .credentialsMissing || bearerError != nil }

    /// Seconds for `Retry-After` (RFC 9110 §10.2.3).
    package var retryAfter: Int? {
        switch self {
        case .serversDown(let seconds), .overloaded(let seconds): max(seconds, 1)
        case .upstreamRefused: 1
        case .tokenRefused(.keysUnavailable): GatewayFailure.keysRetryAfter
        default: nil
        }
    }

    /// Whether the connection is of no use after it (RFC 9112 §9.6): what follows the head cannot be told.
    package var closesConnection: Bool {
        switch self {
        case .malformedRequest, .requestTooSlow, .bodyTooLarge: true
        default: false
        }
    }

    private static let keysRetryAfter = 5
}

extension GatewayFailure {
    /// The name in metrics and the access log.
    package var reason: String {
        switch self {
        case .malformedRequest: "malformed_request"
        case .pathParameters: "path_parameters"
        case .underscoreName: "underscore_name"
        case .connectionOptions: "connection_options"
        case .methodOverride: "method_override"
        case .requestTooSlow: "request_too_slow"
        case .bodyTooLarge: "body_too_large"
        case .notFound: "not_found"
        case .methodNotAllowed: "method_not_allowed"
        case .originNotAllowed: "origin_not_allowed"
        case .protocolNotKnown: "protocol_not_known"
        case .malformedCredentials: "malformed_credentials"
        case .credentialsMissing: "credentials_missing"
        case .tokenRefused(let refusal): "token_" + refusal.reason
        case .accessRefused(let refusal): refusal.reason
        case .upstreamUnreachable: "upstream_unreachable"
        case .upstreamMalformed: "upstream_malformed"
        case .upstreamTimedOut: "upstream_timed_out"
        case .upstreamRefused: "upstream_refused"
        case .upstreamCannotUpgrade: "upstream_cannot_upgrade"
        case .serversDown: "servers_down"
        case .overloaded: "overloaded"
        case .internalFault: "internal_fault"
        }
    }

    /// Every value that `reason` can have, for metrics that are there from the start.
    package static let reasons: [String] =
        ([
            .malformedRequest(.malformedRequestLine), .pathParameters, .underscoreName, .connectionOptions,
            .methodOverride, .requestTooSlow, .bodyTooLarge, .notFound, .methodNotAllowed(allow: []),
            .originNotAllowed, .protocolNotKnown, .malformedCredentials(.noToken), .credentialsMissing,
            .accessRefused(.denied),
            .accessRefused(.issuerNotAllowed), .accessRefused(.wrongAudience), .accessRefused(.insufficientScope),
            .accessRefused(.claimNotAllowed(0)), .upstreamUnreachable, .upstreamMalformed, .upstreamTimedOut,
            .upstreamRefused, .upstreamCannotUpgrade, .serversDown(retryAfter: 1), .overloaded(retryAfter: 1),
            .internalFault,
        ] as [GatewayFailure]).map(\.reason) + TokenRefusal.reasons.map { "token_" + $0 }

    /// One sentence for the client, without what would help an attacker and without anything the client sent.
    package func detail(_ route: Route?) -> String {
        switch self {
        case .malformedRequest(let error): String(describing: error.detail)
        case .pathParameters: "The path contains parameters (;), which are not taken here."
        case .underscoreName: "A header field name contains an underscore."
        case .connectionOptions: "The Connection field names too many fields."
        case .methodOverride: "The request asks for different methods in different fields."
        case .requestTooSlow: "The request took too long to arrive."
        case .bodyTooLarge: "The request body is larger than this service takes."
        case .notFound: "There is nothing at this address."
        case .methodNotAllowed: "This method is not allowed here; the Allow field names those that are."
        case .originNotAllowed: "Scripts of this origin may not call this address."
        case .protocolNotKnown: "Only WebSockets can be opened by CONNECT here."
        case .credentialsMissing: "An access token is needed: Authorization: Bearer."
        case .malformedCredentials, .tokenRefused, .accessRefused: (errorDescription(route) ?? "") + "."
        case .upstreamUnreachable: "The service behind this gateway could not be reached."
        case .upstreamMalformed: "The service behind this gateway gave an answer that is not valid."
        case .upstreamTimedOut: "The service behind this gateway took too long to answer."
        case .upstreamRefused: "The service behind this gateway did not begin the request; it can be sent again."
        case .upstreamCannotUpgrade: "The service behind this gateway speaks HTTP/2 only and takes no upgrades."
        case .serversDown: "The service behind this gateway is down."
        case .overloaded: "This service has too much to do right now."
        case .internalFault: "Something went wrong here."
        }
    }

    /// The text of `error_description`: why, in characters that RFC 6750 §3 allows.
    package func errorDescription(_ route: Route?) -> String? {
        switch self {
        case .malformedCredentials(let error): String(describing: error.description)
        case .tokenRefused(let refusal): refusal.description
        case .accessRefused(.denied): "Nobody may use this address"
        case .accessRefused(.issuerNotAllowed): "Tokens of this issuer are not taken here"
        case .accessRefused(.wrongAudience): "The token is for another audience"
        case .accessRefused(.insufficientScope): route?.challenge.scopeDescription ?? "The token lacks a scope"
        case .accessRefused(.claimNotAllowed): "A claim of the token does not have a value that is allowed here"
        default: nil
        }
    }
}

extension AccessRefusal {
    /// The name in metrics and the access log.
    package var reason: String {
        switch self {
        case .denied: "denied"
        case .issuerNotAllowed: "issuer_not_allowed"
        case .wrongAudience: "wrong_audience"
        case .insufficientScope: "insufficient_scope"
        case .claimNotAllowed: "claim_not_allowed"
        }
    }
}
