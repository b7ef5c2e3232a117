import Configuration
import Testing

@Suite struct SectionRejectionTests {
    private func faults(_ name: String, _ value: String?) throws -> [String] {
        try Sample.read(changing: [name: value]).faults.map(place)
    }

    @Test(arguments: ["issuer", "listeners", "routes"])
    func `what must be written must be written`(name: String) throws {
        #expect(try faults(name, nil) == [": the member \"\(name)\" is missing"])
    }

    @Test(arguments: [
        "https://", "https://a?x", "https://a#x", "https://u@a", "https://a b", "ftp://a", "https://a:0",
        "https://a:65536",
        "https://a:", "https://[::1", "https://[::g]", "https://1.2.3", "https://é.example", "https://a/%zz",
        "https://-a",
        "http://a.example", "h2c://localhost", "//a", "a", "", "https://a\\n",
    ])
    func `an issuer that is no https URL is refused`(issuer: String) throws {
        #expect(try faults("issuer", "\"\(issuer)\"").count == 1)
    }

    @Test(arguments: [
        "https://A.example", "https://a/b", "https://a/", "http://localhost:8080", "http://[::1]", "http://127.1.2.3",
    ])
    func `an issuer keeps its bytes`(issuer: String) throws {
        #expect(try Sample.read(changing: ["issuer": "\"\(issuer)\""]).configuration?.issuer.text == issuer)
    }

    @Test(arguments: [
        ("127.0.0.1", "not an address"), ("127.0.0.1:", "not an address"), ("127.0.0.1:99999", "not an address"),
        ("127.0.0.1:080", "not an address"), ("::1:80", "not an address"), ("300.0.0.1:80", "not an address"),
        ("a b:80", "not an address"), ("unix:", "a socket without a path"), ("[::1%lo]:80", "not an address"),
        ("unix:/" + String(repeating: "x", count: 107), "a socket path over 107 bytes"), ("", "not an address"),
    ])
    func `an address that is none is refused`(address: String, problem: String) throws {
        #expect(try faults("listeners", "[{\"address\": \"\(address)\"}]") == ["/listeners/0/address: \(problem)"])
    }

    @Test(arguments: [
        ("{}", "/listeners/0/tls: no certificate"),
        (#"{ "self_signed": false }"#, "/listeners/0/tls: no certificate"),
        (#"{ "certificates": [] }"#, "/listeners/0/tls: no certificate"),
        (#"{ "certificate_file": "a" }"#, "/listeners/0/tls: certificate_file and private_key_file go together"),
        (#"{ "private_key_file": "a" }"#, "/listeners/0/tls: certificate_file and private_key_file go together"),
        (
            #"{ "certificate_file": "a", "private_key_file": "b", "self_signed": true }"#,
            "/listeners/0/tls/self_signed: two certificates for the same names"
        ),
        (#"{ "self_signed": true, "minimum_version": "1.1" }"#, "/listeners/0/tls/minimum_version: an unknown value"),
        (#"{ "self_signed": true, "minimum_version": 1.2 }"#, "/listeners/0/tls/minimum_version: an unknown value"),
    ])
    func `a listener's TLS must be whole`(tls: String, fault: String) throws {
        #expect(try faults("listeners", "[{\"address\": \"127.0.0.1:1\", \"tls\": \(tls)}]") == [fault])
    }

    @Test func `listeners must differ and a redirect needs no TLS`() throws {
        let listener = #"{ "address": "127.0.0.1:1" }"#
        #expect(try faults("listeners", "[\(listener), \(listener)]") == ["/listeners/1: repeated"])
        let free = #"{ "address": "127.0.0.1:0" }"#
        #expect(try faults("listeners", "[\(free), \(free), \(free)]") == [])
        let redirect = #"[{ "address": "127.0.0.1:1", "tls": { "self_signed": true }, "redirect_to_https": true }]"#
        #expect(try faults("listeners", redirect).count == 1)
    }

    @Test(arguments: [
        (#""protocols": ["h2"]"#, "/listeners/0/protocols: \"h2\" on a listener without TLS"),
        (
            #""tls": { "self_signed": true }, "protocols": ["h2c"]"#,
            "/listeners/0/protocols: \"h2c\" on a listener with TLS"
        ),
        (#""protocols": []"#, "/listeners/0/protocols: an empty list"),
        (#""protocols": ["http/1.1", "http/1.1"]"#, "/listeners/0/protocols/1: repeated"),
        (#""protocols": ["HTTP/1.1"]"#, "/listeners/0/protocols/0: an unknown value"),
        (#""protocols": "h2c""#, "/listeners/0/protocols: a value of the wrong kind"),
    ])
    func `protocols that a listener can't speak are refused`(members: String, fault: String) throws {
        #expect(try faults("listeners", "[{\"address\": \"127.0.0.1:1\", \(members)}]") == [fault])
    }

    @Test(arguments: [
        #""concurrent_streams": 0"#, #""concurrent_streams": 10001"#, #""header_table_size": "65KiB""#,
        #""stream_window": "1KiB""#, #""stream_window": "2MiB""#, #""connection_window": "32KiB""#,
        #""connection_window": "1GiB""#, #""resets": "off""#, #""control_frames": "0/1s""#, #""streams": 1"#,
    ])
    func `limits of HTTP/2 out of their range are refused`(member: String) throws {
        #expect(try faults("limits", "{ \"http2\": { \(member) } }").count == 1)
    }

    @Test(arguments: [
        "1", "s", "1.5s", "-1s", "1 s", "1S", "1w", "1h30m", "", "99999999999999999999s", "9223372036854775807d", "0s",
        "+1s",
        "١s",
    ])
    func `a duration of another form is refused`(text: String) throws {
        #expect(try faults("limits", "{\"idle_timeout\": \"\(text)\"}").count == 1)
    }

    @Test(arguments: [
        "\"1KB\"", "\"1.5MiB\"", "\"-1\"", "-1", "1.5", "\"99999999999TiB\"", "1e30", "\"\"", "true", "\"1 KiB\"",
    ])
    func `a size of another form is refused`(text: String) throws {
        #expect(try faults("limits", "{\"body_size\": \(text)}") == ["/limits/body_size: not a size"])
    }

    @Test(arguments: [
        (#"{ "a b": "x" }"#, "not a scope (RFC 6749 §3.3)"), (#"{ "a\"b": "x" }"#, "not a scope (RFC 6749 §3.3)"),
        (#"{ "": "x" }"#, "not a scope (RFC 6749 §3.3)"), (#"{ "é": "x" }"#, "not a scope (RFC 6749 §3.3)"),
        (#"{ "openid": "x" }"#, "a scope that is built in"), (#"{ "a": "" }"#, "an empty text"),
        (#"{ "a": 5 }"#, "a value of the wrong kind"), (#"{ "a": { "description": "x", "implies": ["b"] } }"#, "b"),
    ])
    func `a scope that is none is refused`(scopes: String, problem: String) throws {
        let faults = try Sample.read(changing: ["scopes": scopes]).faults
        #expect(faults.count == 1)
        #expect(faults.first?.description.contains(problem) == true)
    }

    @Test(arguments: [
        "http://a/b", "http://a?x", "http://u:p@a", "ftp://a", "a:80", "unix:", "http://a:99999", "http://", "",
        "http://a b", "h2c://a/b", "h2c://",
    ])
    func `a server that is none is refused`(server: String) throws {
        let upstreams = "{\"api\": {\"servers\": [\"\(server)\"]}}"
        #expect(
            try faults("upstreams", upstreams).map { $0.prefix(26) }
                == ["/upstreams/api/servers/0: "].map { $0.prefix(26) }
        )
    }

    @Test func `TLS of an upstream needs https servers and whole pairs`() throws {
        let plain = #"{ "api": { "servers": ["http://a"], "tls": { "ca_file": "x" } } }"#
        #expect(
            try faults("upstreams", plain) == ["/upstreams/api/tls: TLS settings of an upstream without https servers"]
        )
        let half = #"{ "api": { "servers": ["https://a"], "tls": { "client_key_file": "x" } } }"#
        #expect(try faults("upstreams", half).count == 1)
        let cleartext = #"{ "api": { "servers": ["h2c://a"], "tls": { "http2": true } } }"#
        #expect(
            try faults("upstreams", cleartext) == [
                "/upstreams/api/tls: TLS settings of an upstream without https servers"
            ]
        )
    }

    @Test func `the authorization server needs storage`() throws {
        #expect(try faults("authorization_server", "{}").count == 1)
    }

    @Test(arguments: [
        (#""user_header": "Host""#, "/forwarding/user_header"),
        (#""user_header": "Content_Length""#, "/forwarding/user_header"),
        (#""client_header": "X-Forwarded-For""#, "/forwarding/client_header"),
        (#""user_header": "a b""#, "/forwarding/user_header"),
        (#""user_header": "x.client.id""#, "/forwarding"),
        (#""trusted_proxies": ["10.0.0.1/8"]"#, "/forwarding/trusted_proxies/0"),
        (#""trusted_proxies": ["10.0.0.0/33"]"#, "/forwarding/trusted_proxies/0"),
        (#""trusted_proxies": ["::1/129"]"#, "/forwarding/trusted_proxies/0"),
        (#""trusted_proxies": ["1.2.3"]"#, "/forwarding/trusted_proxies/0"),
        (#""trusted_proxies": ["01.2.3.4"]"#, "/forwarding/trusted_proxies/0"),
        (#""trusted_proxies": ["1::2::3"]"#, "/forwarding/trusted_proxies/0"),
        (#""trusted_proxies": [":::"]"#, "/forwarding/trusted_proxies/0"),
        (#""underscore_headers": "keep""#, "/forwarding/underscore_headers"),
    ])
    func `forwarding that cannot work is refused`(member: String, pointer: String) throws {
        #expect(try Sample.read(changing: ["forwarding": "{\(member)}"]).faults.map(\.pointer) == [pointer])
    }

    @Test(arguments: [
        (#""workers""#, "0"), (#""workers""#, "1.5"), (#""workers""#, "\"4\""), (#""workers""#, "1e300"),
        (#""shutdown_timeout""#, "5"),
        (#""storage""#, "\"mysql://x\""), (#""storage""#, "\"sqlite:\""), (#""trusted_issuers""#, "{}"),
        (#""resources""#, #"{ "a": {} }"#),
        (#""resources""#, #"{ "a": { "resource": "urn:x" } }"#), (#""limits""#, #"{ "header_size": "1KiB" }"#),
        (#""limits""#, #"{ "connections": 0 }"#), (#""logging""#, "null"), (#""admin""#, #"{ "address": "x" }"#),
    ])
    func `a value out of its range is refused`(name: String, value: String) throws {
        #expect(try faults(String(name.dropFirst().dropLast()), value).count == 1)
    }
}
