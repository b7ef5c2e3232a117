import Bytes
import Gateway
import HTTP
import HTTPServer
import JWT
import OAuthServer

/// A request to one of our own endpoints as plain values, so that it can leave its event loop.
package struct WebRequest: Sendable {
    package var method: HTTPMethod
    /// The path in its normal spelling.
    package var path: String
    package var query = FormParameters()
    /// The form in the body.
    package var form = FormParameters()
    /// Our own cookies.
    package var cookies = RequestCookies()
    /// The values of all `Authorization` fields.
    package var authorization: [String] = []
    package var origin: String?
    /// `Sec-Fetch-Site` (Fetch Metadata §2.3): `same-origin`, `cross-site` and so on.
    package var fetchSite: String?
    /// What the client calls itself.
    package var userAgent = ""
    /// Whether a page rather than JSON is wanted.
    package var prefersPage = false
    /// The client's numeric address, behind trusted proxies; empty for a local socket.
    package var address = ""
    package var requestID = ""
    /// The verified bearer token; set where the endpoint asks for one.
    package var token: VerifiedToken?

    package init(method: HTTPMethod, path: String) {
        self.method = method
        self.path = path
    }

    /// Where the request came from, for the authorization server.
    package var context: RequestContext {
        RequestContext(address: address, requestID: requestID, userAgent: userAgent)
    }
}

extension WebRequest {
    /// Takes what endpoints need from a request's head; query and form come by themselves.
    init(_ request: OwnRequest) {
        let head = request.exchange.head
        self.init(method: head.method, path: head.path.text)
        cookies = RequestCookies(head, prefixes: OwnCookie.prefixes)
        var next = head.fields.firstIndex(of: .authorization)
        while let index = next {
            authorization.append(head.value(index).text)
            next = head.fields.firstIndex(of: .authorization, from: index + 1)
        }
        origin = head.value(of: .origin)?.text
        fetchSite = head.value(of: .secFetchSite)?.text
        userAgent = head.value(of: .userAgent)?.text ?? ""
        prefersPage = FailureFormat(head) == .page
        address = request.clientAddress
        requestID = request.requestID
    }
}

/// Why the parameters of a request can't be read.
package enum WebRequestFault: Error, Equatable, Sendable {
    case query(FormParameters.Fault)
    case form(FormParameters.Fault)
    /// There is a body, and it is no `application/x-www-form-urlencoded` in UTF-8.
    case mediaType

    /// What the sender is told; only characters that RFC 6749 §5.2 allows in an `error_description`.
    package var description: String {
        switch self {
        case .query(let fault), .form(let fault): fault.description
        case .mediaType: "The body must be application/x-www-form-urlencoded in UTF-8"
        }
    }
}
