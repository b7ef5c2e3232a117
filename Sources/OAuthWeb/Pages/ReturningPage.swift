import OAuthServer

/// The page that sends the browser back to the client.
struct ReturningPage: PageModel {
    static let template = "returning"

    let site: SiteView
    let client: ClientView
    let target: TargetView
    /// The redirect URI with the response in it; may hold a code.
    let location: String
}
