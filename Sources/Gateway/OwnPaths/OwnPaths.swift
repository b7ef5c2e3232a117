import Bytes
import HTTPServer

/// Answers the gateway's own paths on the issuer's host, before any route.
package protocol OwnPaths: AnyObject {
    /// Whether the path may be one of them; asked for every request to the issuer's host, so it must be cheap.
    func claims(_ path: UnsafeRawBufferPointer) -> Bool

    /// Answers the request, now or later, or returns false if the path is none of the gateway's own.
    func answer(_ request: OwnRequest) -> Bool
}

/// What an endpoint tells the access log and the metrics about a request.
package struct OwnOutcome: Sendable, Equatable {
    /// What stands for the route: one of a few fixed paths.
    package var endpoint: String?
    /// Why the request was refused, a short word in snake case; nil where it was not.
    package var refusal: String?
    package var userName: String?
    package var clientID: String?

    package init(
        endpoint: String? = nil,
        refusal: String? = nil,
        userName: String? = nil,
        clientID: String? = nil
    ) {
        self.endpoint = endpoint
        self.refusal = refusal
        self.userName = userName
        self.clientID = clientID
    }
}
