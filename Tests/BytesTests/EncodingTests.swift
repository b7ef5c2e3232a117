import Bytes
import Testing

@Suite struct EncodingTests {
    @Test(arguments: [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("~~~", "fn5-")])
    func `base64url goes both ways`(plain: String, encoded: String) {
        #expect(Base64URL.encode(Array(plain.utf8)) == encoded)
        #expect(Base64URL.decode(encoded) == Array(plain.utf8))
    }

    /// RFC 4648 §10.
    @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("~~~", "fn5+")])
    func `base64 has padding`(plain: String, encoded: String) {
        #expect(String(decoding: Base64.encode(Array(plain.utf8)), as: UTF8.self) == encoded)
    }

    @Test(arguments: ["Z", "Zg==", "Zh", "Zm9", "fn5+", "fn5/", "Zm9v Yg", "Zm9v\n", "é"])
    func `another spelling of base64url is refused`(text: String) {
        #expect(Base64URL.decode(text) == nil)
    }

    @Test(arguments: [
        ("alice", "alice"), ("100%", "100%25"), ("Zoë", "Zo%C3%AB"), ("a\r\nb", "a%0D%0Ab"), ("a b", "a b"),
    ])
    func `a field value is printable ASCII`(plain: String, encoded: String) {
        #expect(String(decoding: PercentEncoding.encodeFieldValue(plain), as: UTF8.self) == encoded)
    }

    @Test func `spaces and tabs at the ends are trimmed`() {
        let text = Array(" \ta b\t ".utf8)
        text.withUnsafeBytes { #expect($0.trimmed.text == "a b") }
    }

    @Test func `case is ignored for letters only`() {
        Array("X-User_Name@".utf8).withUnsafeBytes {
            #expect($0.equalsIgnoringCase("x-user_name@"))
            #expect(!$0.equalsIgnoringCase("x-user_name`"))
        }
    }
}
