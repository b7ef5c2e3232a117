import Configuration
import Testing

@Suite struct ValueTests {
    private func secret(_ json: String) throws -> SecretReference? {
        try Sample.read(changing: [
            "storage": "\"sqlite:x\"", "authorization_server": "{ \"encryption_key\": \(json) }",
        ]).configuration?.authorizationServer?.encryptionKey
    }

    @Test func `a secret comes from the environment, a file or the configuration itself`() throws {
        let environment = { (name: String) -> String? in name == "KEY" ? "abc" : nil }
        let files = { (path: String) -> [UInt8]? in path == "/etc/gw/key" ? Array("def\r\n".utf8) : nil }
        func resolve(_ json: String) throws -> [UInt8]? {
            try secret(json)?.resolve(environment: environment, contentsOfFile: files)
        }
        #expect(try resolve(#"{ "env": "KEY" }"#) == Array("abc".utf8))
        #expect(try resolve(#"{ "file": "key" }"#) == Array("def".utf8))
        #expect(try resolve("\"ghi\"") == Array("ghi".utf8))
        #expect(throws: SecretFault.missingVariable("NO")) { try resolve(#"{ "env": "NO" }"#) }
        #expect(throws: SecretFault.unreadableFile("/no")) { try resolve(#"{ "file": "/no" }"#) }
    }

    @Test(arguments: [
        "{}", "\"\"", "7", "[]", #"{ "env": "A", "file": "b" }"#, #"{ "env": 1 }"#, #"{ "var": "A" }"#,
        #"{ "hash": "sha256:00" }"#,
    ])
    func `what is no secret is refused`(json: String) throws {
        #expect(try secret(json) == nil)
    }

    @Test func `printing a literal secret shows nothing`() throws {
        let secret = try #require(try secret("\"hunter2\""))
        var text = ""
        dump(secret, to: &text)
        #expect(!(text + "\(secret)" + String(reflecting: secret)).contains("hunter2"))
        #expect(!text.contains("104"))
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("10.0.0.0/9", "10.128.0.0", false),
        ("1.2.3.4", "1.2.3.4", true), ("1.2.3.4", "1.2.3.5", false), ("0.0.0.0/0", "255.255.255.255", true),
        ("2001:db8::/33", "2001:db8:7fff::1", true), ("2001:db8::/33", "2001:db8:8000::1", false),
        ("::/0", "::1", true),
        ("0.0.0.0/0", "::1", false), ("::ffff:1.2.3.4", "::ffff:102:304", true),
    ])
    func `a block contains what shares its prefix`(block: String, address: String, isInside: Bool) throws {
        let block = try #require(AddressBlock(block))
        #expect(block.contains(try #require(IPAddress(address))) == isInside)
    }

    @Test(arguments: [
        "", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.", ".1.2.3", "1.2.3.4 ", ":", ":::", "1::2::3",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9", "::12345", "g::", "1.2.3.4::", "::1.2.3", "::1.2.3.4:5", "[::1]", "::1%lo", "+1::",
        "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8", "١.2.3.4",
    ])
    func `what is no address is none`(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func `addresses are read in full and short form`() {
        #expect(IPAddress("::")?.bytes == Array(repeating: 0, count: 16))
        #expect(IPAddress("1:2:3:4:5:6:7:8")?.bytes == [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8])
        #expect(IPAddress("::ffff:1.2.3.4")?.bytes.suffix(6) == [255, 255, 1, 2, 3, 4])
        #expect(IPAddress("1::")?.bytes.prefix(2) == [0, 1])
        #expect(IPAddress("::1")?.isLoopback == true)
        #expect(IPAddress("127.3.2.1")?.isLoopback == true)
        #expect(IPAddress("::2")?.isLoopback == false)
    }

    @Test func `durations have nanoseconds`() {
        #expect(Duration.milliseconds(1250).wholeNanoseconds == 1_250_000_000)
        #expect(Duration.seconds(36_525 * 86_400).wholeNanoseconds == 3_155_760_000_000_000_000)
        #expect(Duration.milliseconds(1999).wholeSeconds == 1)
    }

    @Test(arguments: [
        ("127.0.0.1:80", "127.0.0.1:80", true), (":80", "*:80", false), ("*:80", "*:80", false),
        ("[::1]:80", "[::1]:80", true),
        ("localhost:0", "localhost:0", true), ("[::]:80", "[::]:80", false),
        ("example.com:443", "example.com:443", false),
    ])
    func `an address to listen on is read`(text: String, shown: String, isLocal: Bool) throws {
        let report = try Sample.read(changing: ["listeners": "[{\"address\": \"\(text)\"}]"])
        let address = try #require(report.configuration?.listeners.first?.address)
        #expect(address.description == shown)
        #expect(address.isLocal == isLocal)
    }
}
