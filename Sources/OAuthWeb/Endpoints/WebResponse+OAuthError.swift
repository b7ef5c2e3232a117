import Gateway
import JSON
import OAuthServer

extension WebResponse {
    /// A refusal of the token endpoint and those like it (RFC 6749 §5.2).
    ///
    /// - Parameter realm: The issuer, for the challenge of a client that did not authenticate.
    init(_ error: OAuthError, realm: String) {
        self = .json(Self.body(error), status: error.status)
        if error.status == 401 { add("WWW-Authenticate", "Basic realm=\"\(realm)\", charset=\"UTF-8\"") }
        if let seconds = error.retryAfter { add("Retry-After", String(max(seconds, 1))) }
        refusal = error.reason.rawValue
    }

    /// A refusal of parameters that can't be read.
    init(_ fault: WebRequestFault, realm: String) {
        self.init(
            OAuthError(.invalidRequest, fault.description + ".", reason: .malformedRequest),
            realm: realm
        )
    }

    /// A refusal of an endpoint that takes bearer tokens (RFC 6750 §3).
    init(_ error: OAuthError, challenge: BearerChallenge) {
        self = .json(Self.body(error), status: error.status)
        if error.status == 401 || error.status == 403 {
            let value = challenge.value(error: error.code.rawValue, description: error.description)
            add("WWW-Authenticate", value)
        }
        if let seconds = error.retryAfter { add("Retry-After", String(max(seconds, 1))) }
        refusal = error.reason.rawValue
    }

    private static func body(_ error: OAuthError) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("error", error.code.rawValue)
        writer.member("error_description", error.description)
        writer.endObject()
        return writer.bytes
    }
}
