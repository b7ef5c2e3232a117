import Bytes
import HTTP

/// The page that a browser shows for a failure: one question, plain HTML, nothing loaded, no script.
package struct FailurePage: Sendable {
    /// The policy that goes with it (CSP Level 3 §2.3): only the style that is in it, by its hash.
    package static let contentSecurityPolicy: StaticString =
        "default-src 'none'; style-src 'sha256-Mviua9ihBxqbhKxKiSOiAn1cmXi8vqB4p6gnG7W7oJ0='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    private let head: [UInt8]
    private let brand: [UInt8]
    private let footer: [UInt8]

    /// Puts together what is the same on every page.
    ///
    /// - Parameter issuerHost: the host that visitors should see in their address bar.
    package init(productName: String, issuerHost: String) {
        head = Array(" · \(productName.escapedHTML)</title>\n<style>\(FailurePage.style)</style>\n</head>\n".utf8)
        brand = Array(
            """
            <body>
            <main class="card">
            <p class="brand">\(FailurePage.mark)\(productName.escapedHTML)</p>

            """.utf8
        )
        footer = Array(
            """
            </main>
            <footer class="foot"><p>You are at <strong>\(issuerHost.escapedHTML)</strong>. \
            Check that your address bar says the same.</p></footer>
            </body>
            </html>

            """.utf8
        )
    }

    /// Writes the page.
    ///
    /// - Parameter detail: what went wrong, for whoever runs the app.
    func write(
        status: Int,
        detail: String,
        requestID: UnsafeRawBufferPointer,
        unixTime: Int64,
        into body: inout ByteBuffer
    ) {
        let text = FailureText(status: status)
        let time = CivilTime(unixTime: unixTime)
        body.append(FailurePage.opening)
        body.append(text.heading)
        body.append(bytes: head)
        body.append(bytes: brand)
        body.append("<h1>")
        body.append(text.heading)
        body.append("</h1>\n<p class=\"lede\">")
        body.append(text.lede)
        body.append("</p>\n<dl class=\"inset facts\">\n<dt>Problem</dt><dd>")
        body.append(string: "\(status): \(detail.escapedHTML)")
        body.append("</dd>\n<dt>Request</dt><dd><code>")
        body.append(string: requestID.text.escapedHTML)
        body.append("</code></dd>\n<dt>Time</dt><dd>")
        body.append(string: "<time datetime=\"\(time.iso8601)\">\(time.words)</time>")
        body.append("</dd>\n</dl>\n")
        body.append(bytes: footer)
    }

    private static let opening: StaticString = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="robots" content="noindex">
        <title>
        """

    private static let mark = """
        <svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="8" fill="#17718f"/>\
        <path fill="#fff" d="M6 7.5A1.5 1.5 0 0 1 7.5 6H10a1 1 0 0 1 1 1v2.5h2.5V7a1 1 0 0 1 1-1h3a1 1 0 0 1 1 1v2.5H21V7\
        a1 1 0 0 1 1-1h2.5A1.5 1.5 0 0 1 26 7.5V26h-5v-7a5 5 0 0 0-10 0v7H6z"/></svg>
        """

    /// The part of the product's style sheet that these pages need.
    static let style = """
        :root{color-scheme:light dark;--bg:#f4f3ef;--surface:#fff;--sunken:#f8f7f4;--line:#e1ded6;--text:#1c1f24;\
        --muted:#595d65;--shadow:0 1px 2px rgb(28 31 36/.05),0 16px 40px -12px rgb(28 31 36/.12)}
        @media (prefers-color-scheme:dark){:root{--bg:#111316;--surface:#1a1d21;--sunken:#15171b;--line:#30343b;\
        --text:#eceae6;--muted:#a7abb3;--shadow:0 1px 2px rgb(0 0 0/.4),0 16px 40px -12px rgb(0 0 0/.5)}}
        *{box-sizing:border-box}html{-webkit-text-size-adjust:100%}
        body{margin:0;min-height:100vh;min-height:100svh;display:flex;flex-direction:column;background:var(--bg);\
        color:var(--text);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif;\
        overflow-wrap:break-word}
        h1,p,dl,dd{margin:0;padding:0;min-width:0}
        h1{font-size:1.625rem;line-height:1.22;letter-spacing:-.018em;text-wrap:balance}h1,strong,.brand{font-weight:650}
        code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.8125rem}
        .card{width:calc(100% - 2rem);max-width:33rem;margin:clamp(2rem,8vh,5rem) auto 0;padding:2.5rem;\
        background:var(--surface);border:1px solid var(--line);border-radius:.875rem;box-shadow:var(--shadow)}
        .brand{display:flex;align-items:center;gap:.625rem;letter-spacing:-.01em;margin-bottom:2rem}
        .brand svg{display:block;width:1.75rem;height:1.75rem}
        .lede,.foot{color:var(--muted)}.lede{margin:.5rem 0 1.5rem}
        .foot{margin:auto auto 0;padding:2rem 1.5rem;text-align:center;font-size:.875rem}
        .inset{padding:.875rem 1rem;background:var(--sunken);border:1px solid var(--line);border-radius:.625rem;\
        overflow-wrap:anywhere}
        .facts{display:grid;grid-template-columns:max-content 1fr;gap:.5rem 1.25rem;font-size:.875rem}
        .facts dt{color:var(--muted)}
        @media (max-width:30rem){body{background:var(--surface)}.card{width:100%;margin-top:0;\
        padding:1.75rem 1.25rem;border:0;border-radius:0;box-shadow:none}.facts{grid-template-columns:1fr;gap:0}.facts dd+dt{margin-top:.625rem}}
        """
}

/// What a failure means to a person who opened an address, and what to do next.
struct FailureText {
    let heading: StaticString
    let lede: StaticString

    init(status: Int) {
        switch status {
        case 401:
            heading = "You’re not signed in here"
            lede = "This address is for apps that were allowed to use it. Open it from the app it belongs to."
        case 403:
            heading = "You can’t open this page"
            lede = "Your account or the app is not allowed to. Ask the people who run this service if you need it."
        case 404, 405:
            heading = "Nothing here"
            lede = "There is nothing at this address. Check it for typing mistakes."
        case 408:
            heading = "That took too long"
            lede = "Your request didn’t arrive in time. Check your connection, then try again."
        case 413, 414, 431:
            heading = "That was too large"
            lede = "Your browser sent more than this service takes. Go back and send less."
        case 502, 503, 504:
            heading = "Not available right now"
            lede = "The service behind this page isn’t answering. Try again in a minute."
        case 500...:
            heading = "Something went wrong"
            lede = "This is our fault, not yours. Try again in a minute."
        default:
            heading = "That didn’t make sense"
            lede = "This service can’t read what your browser sent. Check the address for typing mistakes."
        }
    }
}

extension String {
    /// The text with everything that means something in HTML as character references.
    var escapedHTML: String {
        var escaped = ""
        for scalar in unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
