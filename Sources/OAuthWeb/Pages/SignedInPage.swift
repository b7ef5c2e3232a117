/// The page that leads from a sign-in to the account page.
///
/// It stands where a redirect would do: Chromium keeps a page in its memory, and shows it again after signing out, if the
/// redirect that led there set the session cookie.
struct SignedInPage: PageModel {
    static let template = "signed-in"

    let site: SiteView
    let location: String
}
