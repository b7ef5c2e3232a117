/// How a request at the token endpoint says which client it is from (RFC 6749 §2.3).
package enum ClientCredentials: Sendable {
    /// Only a `client_id`, without a secret.
    case none(id: String)
    /// HTTP Basic, both parts form-decoded (RFC 6749 §2.3.1).
    case basic(id: String, secret: String)
    /// `client_id` and `client_secret` in the body.
    case post(id: String, secret: String)

    /// Which client it claims to be.
    package var clientID: String {
        switch self {
        case .none(let id), .basic(let id, _), .post(let id, _): id
        }
    }

    /// The method of authentication that it is.
    package var method: OAuthClient.AuthenticationMethod {
        switch self {
        case .none: .none
        case .basic: .secretBasic
        case .post: .secretPost
        }
    }
}
