import HTTP
import OAuthServer

/// A page about something that went wrong, for the user and for whoever runs the app.
struct ErrorPage: PageModel {
    static let template = "error"

    /// What went wrong.
    enum Problem: Equatable {
        case authorization(AuthorizationPageError)
        /// A form came back without the cookie or the request that it belongs to.
        case formExpired
        case unavailable
        case unreadable(String)
    }

    /// A point in time.
    struct TimeView: Sendable {
        let iso8601: String
        let words: String
    }

    let site: SiteView
    let state: [String: Bool]
    /// The problem in a few words, for whoever runs the app.
    let problem: String
    let clientID: String?
    /// The redirect URI that was asked for; never a link.
    let address: String?
    let requestID: String
    let time: TimeView

    /// - Parameter unixTime: seconds since 1970.
    init(site: SiteView, problem: Problem, requestID: String, unixTime: Int64) {
        self.site = site
        self.requestID = requestID
        let civil = CivilTime(unixTime: unixTime)
        time = TimeView(iso8601: civil.iso8601, words: civil.words)
        var address: String?
        var clientID: String?
        switch problem {
        case .authorization(.unknownClient(let id)):
            clientID = id
            state = ["app": true, "unknownClient": true]
            self.problem = id == nil ? "client_id is missing" : "client_id is not registered"
        case .authorization(.redirectURINotRegistered(let client, let uri)):
            clientID = client.id
            address = uri
            state = ["app": true, "redirectURINotRegistered": true]
            self.problem = "redirect_uri is not registered"
        case .authorization(.malformed(let detail)):
            state = ["app": true, "malformed": true]
            self.problem = ClientText.cleaned(detail, limit: 200)
        case .formExpired:
            state = ["formExpired": true]
            self.problem = "the form is not from a page of this browser, or from an old one"
        case .unavailable:
            state = ["unavailable": true]
            self.problem = "the storage doesn’t answer"
        case .unreadable(let detail):
            state = ["unreadable": true]
            self.problem = ClientText.cleaned(detail, limit: 200)
        }
        self.clientID = clientID.map { ClientText.cleaned($0, limit: 200) }
        self.address = address.map { ClientText.visibleURI($0) }
    }
}
