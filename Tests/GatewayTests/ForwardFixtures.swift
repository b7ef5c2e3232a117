import Bytes
import HTTP
import JWT
import Testing

@testable import Gateway

/// Whatever a test wants to say about where a request comes from and goes to.
struct Forwarding {
    var definition = GatewayDefinition.test([.test()])
    var token: VerifiedToken?
    var address = "192.0.2.7"
    var isTrusted = false
    var isSecure = true

    /// The lines that go upstream on the first route.
    func lines(_ head: RequestHead) throws -> [String] {
        let snapshot = try GatewaySnapshot(definition)
        var block = ByteBuffer()
        try withBytes(address) { address in
            let client = ClientContext(
                head,
                address: address,
                isTrustedProxy: isTrusted,
                isSecure: isSecure,
                requestID: RequestIDGenerator().next(for: head, isFromTrustedProxy: isTrusted)
            )
            try snapshot.requestFields.write(
                head,
                route: snapshot.router.table.routes[0],
                principal: token.map { Principal($0, snapshot.vocabulary) },
                client: client,
                tunnel: TunnelRequest(head),
                into: &block
            )
        }
        #expect(block.text.isEmpty || block.text.hasSuffix("\r\n"))
        return block.text.split(separator: "\r\n", omittingEmptySubsequences: true).map(String.init)
    }

    /// The values that go upstream under a name, with case ignored.
    func values(_ name: String, _ head: RequestHead) throws -> [String] {
        try lines(head).compactMap { line in
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0].lowercased() == name.lowercased() else { return nil }
            return String(parts[1].drop { $0 == " " })
        }
    }
}

/// How a server could read a field name: as CGI does, upper case with `_` for all that is not alphanumeric.
func cgiName(_ line: String) -> String {
    String(line.prefix { $0 != ":" }.uppercased().map { $0.isLetter || $0.isNumber ? $0 : "_" })
}
