import Bytes
import Crypto
import Testing

@testable import Gateway

@Suite struct FailurePageTests {
    @Test func `the policy allows the style that is in the page and nothing else`() {
        let hash = Digest.sha256(FailurePage.style)
        #expect(String(describing: FailurePage.contentSecurityPolicy).contains("'sha256-\(base64(hash))'"))
    }

    @Test func `a page says what happened and what to do, and nothing in it is markup of others`() {
        let page = FailurePage(productName: "A & <b>", issuerHost: "gate.example")
        var body = ByteBuffer()
        withBytes("r\"<1>") {
            page.write(status: 404, detail: "<x>", requestID: $0, unixTime: 1_763_977_267, into: &body)
        }
        let text = body.text
        #expect(text.contains("<title>Nothing here · A &amp; &lt;b&gt;</title>"))
        #expect(text.contains("There is nothing at this address."))
        #expect(text.contains("<dd>404: &lt;x&gt;</dd>"))
        #expect(text.contains("<code>r&quot;&lt;1&gt;</code>"))
        #expect(text.contains("24 November 2025, 09:41:07 UTC"))
        #expect(text.contains("<strong>gate.example</strong>"))
        #expect(!text.contains("<script") && !text.contains("style=\"") && !text.contains("src="))
    }

    private func base64(_ bytes: [UInt8]) -> String {
        let text = Base64URL.encode(bytes).replacing("-", with: "+").replacing("_", with: "/")
        return text + String(repeating: "=", count: (4 - text.count % 4) % 4)
    }
}
