import Bytes
import HTTP
import JSON
import JWT
import Testing

@testable import Gateway

@Suite struct FailureRendererTests {
    @Test func `a program gets a problem document`() throws {
        let response = try render(.notFound, "GET / HTTP/1.1", "Accept: */*")
        #expect(response.status == 404)
        #expect(response.fields.hasPrefix("Content-Type: application/problem+json\r\n"))
        #expect(response.fields.contains("Cache-Control: no-store\r\n"))
        let body = json(response.body)
        #expect(body["status"]?.int64 == 404 && body["title"]?.string == "Not Found")
        #expect(body["detail"]?.string == "There is nothing at this address.")
        #expect(body["request_id"]?.string?.count == 32)
        #expect(response.fields.contains("X-Request-Id: \(body["request_id"]?.string ?? "")\r\n"))
    }

    @Test func `a person gets a page that loads nothing`() throws {
        let response = try render(.upstreamUnreachable, "GET / HTTP/1.1", "Sec-Fetch-Mode: navigate")
        #expect(response.status == 502)
        #expect(response.fields.contains("Content-Type: text/html; charset=utf-8\r\n"))
        #expect(response.fields.contains("Content-Security-Policy: default-src 'none'; style-src 'sha256-"))
        #expect(response.body.contains("The service behind this page isn’t answering."))
        #expect(response.body.contains("You are at <strong>gate.example</strong>"))
    }

    @Test(arguments: [
        (GatewayFailure.credentialsMissing, 16), (.tokenRefused(.badSignature), 16),
        (.accessRefused(.insufficientScope), 7),
        (.accessRefused(.denied), 7), (.serversDown(retryAfter: 3), 14), (.upstreamTimedOut, 14),
        (.upstreamUnreachable, 14), (.tokenRefused(.keysUnavailable), 14), (.notFound, 12), (.internalFault, 2),
        (.upstreamRefused, 14), (.upstreamMalformed, 14), (.upstreamCannotUpgrade, 14),
        (.overloaded(retryAfter: 1), 14),
        (.methodNotAllowed(allow: []), 12), (.requestTooSlow, 4), (.bodyTooLarge, 8), (.protocolNotKnown, 2),
        (.malformedRequest(.targetTooLong), 8), (.malformedRequest(.fieldsTooLarge), 8),
        (.malformedRequest(.tooManyFields), 8), (.malformedRequest(.repeatedHost), 13), (.pathParameters, 13),
        (.underscoreName, 13), (.connectionOptions, 13), (.methodOverride, 13),
        (.malformedCredentials(.severalTokens), 13), (.originNotAllowed, 7), (.accessRefused(.claimNotAllowed(0)), 7),
        (.accessRefused(.wrongAudience), 16), (.accessRefused(.issuerNotAllowed), 16),
    ])
    func `a gRPC client gets its own status`(failure: GatewayFailure, status: Int) throws {
        for type in ["application/grpc", "application/grpc+proto", "Application/GRPC; x=y"] {
            let response = try render(failure, "POST /a HTTP/1.1", "Content-Type: \(type)", "Sec-Fetch-Mode: navigate")
            #expect(response.status == 200 && response.body.isEmpty)
            #expect(response.fields.contains("Content-Type: application/grpc\r\n"))
            #expect(response.fields.contains("grpc-status: \(status)\r\n"))
            #expect(response.fields.contains("grpc-message: "))
        }
    }

    @Test(arguments: [
        "application/grpc-web", "application/grpc-web+proto", "application/grpc-web-text",
        "application/grpc-web-text+json",
        "Application/GRPC-Web",
    ])
    func `a gRPC-Web client gets it under its own content type, and scripts can read it`(type: String) throws {
        let route = RouteDefinition.test("/**", .authenticated) {
            $0.cors = CORSDefinition(origins: ["https://a.example"])
        }
        let response = try render(
            .credentialsMissing,
            "POST /a HTTP/1.1",
            "Content-Type: \(type) ; x=y",
            "Origin: https://a.example",
            route: route
        )
        #expect(response.status == 200 && response.body.isEmpty)
        #expect(response.fields.contains("Content-Type: \(type)\r\ngrpc-status: 16\r\ngrpc-message: "))
        #expect(response.fields.contains("Access-Control-Expose-Headers: grpc-status, grpc-message\r\n"))
        let other = try render(.credentialsMissing, "POST /a HTTP/1.1", "Content-Type: \(type)", "Origin: https://b")
        #expect(!other.fields.contains("Access-Control-"))
    }

    private static let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

    @Test(arguments: [
        ([], FailureFormat.problem), (["Accept: \(browser)"], .page), (["Accept: */*"], .problem),
        (["Accept: text/html"], .page), (["Accept: application/json, text/html"], .problem),
        (["Accept: text/html;q=0.5, application/json;q=0.4"], .page), (["Accept: TEXT/HTML ; Q=0.001"], .page),
        (["Accept: text/html;q=0"], .problem), (["Accept: text/html;q=x"], .problem),
        (["Accept: text/html;q=2"], .problem),
        (["Accept: text/html;q=0.12345"], .problem),
        (["Accept: text/html; level=1;q=0.3, application/json;q=0.9"], .problem),
        (["Accept: application/json;q=0.2", "Accept: text/html"], .page), (["Accept: ,;,text/html;;q=,"], .problem),
        (["Sec-Fetch-Mode: navigate"], .page), (["Sec-Fetch-Mode: cors", "Accept: \(browser)"], .problem),
        (["Sec-Fetch-Site: none", "Accept: \(browser)"], .problem),
        (["Sec-Fetch-Dest: empty", "Accept: text/html"], .problem),
        (["Content-Type: application/grpc-websocket", "Accept: text/html"], .page),
        (["Content-Type: application/grpc-web", "Accept: text/html"], .grpcWeb),
        (["Content-Type: application/grpc-web-text;x=y", "Sec-Fetch-Mode: navigate"], .grpcWeb),
        (["Content-Type: application/grpc-web-texts"], .problem), (["Content-Type: application/grpc-we"], .problem),
        (["Content-Type: application/grpcx"], .problem),
    ])
    func `the form is the one that the client can read`(lines: [String], format: FailureFormat) throws {
        let head = try requestHead((["GET / HTTP/1.1"] + lines).joined(separator: "\r\n"))
        #expect(FailureFormat(head) == format)
    }

    @Test func `a head that could not be read is answered too`() {
        var fields = FieldBlock()
        var body = ByteBuffer()
        let requestID = RequestIDGenerator().next(for: RequestHead(), isFromTrustedProxy: true)
        let context = FailureContext(RequestHead(), route: nil, requestID: requestID, unixTime: 0)
        let renderer = FailureRenderer(.test([]))
        #expect(renderer.render(.malformedRequest(.repeatedHost), context, fields: &fields, body: &body) == 400)
        #expect(body.text.contains("The Host field is repeated."))
    }

    @Test(arguments: [
        (GatewayFailure.methodNotAllowed(allow: Array("GET, HEAD".utf8)), 405, "Allow: GET, HEAD\r\n"),
        (.upstreamRefused, 503, "Retry-After: 1\r\n"), (.serversDown(retryAfter: 7), 503, "Retry-After: 7\r\n"),
        (.overloaded(retryAfter: 0), 503, "Retry-After: 1\r\n"),
        (.tokenRefused(.keysUnavailable), 503, "Retry-After: 5\r\n"),
        (.malformedRequest(.targetTooLong), 414, ""), (.malformedRequest(.fieldsTooLarge), 431, ""),
        (.bodyTooLarge, 413, ""), (.requestTooSlow, 408, ""), (.pathParameters, 400, ""), (.originNotAllowed, 403, ""),
        (.upstreamMalformed, 502, ""), (.upstreamTimedOut, 504, ""), (.internalFault, 500, ""),
    ])
    func `a failure has its status and its fields`(failure: GatewayFailure, status: Int, line: String) throws {
        let response = try render(failure, "GET / HTTP/1.1")
        #expect(response.status == status)
        #expect(response.fields.contains(line))
        #expect(!response.fields.contains("WWW-Authenticate"))
        let body = json(response.body)
        #expect(body["status"]?.int64 == Int64(status) && body["detail"]?.string?.hasSuffix(".") == true)
    }

    @Test func `a script of an allowed origin can read a refusal`() throws {
        let route = RouteDefinition.test("/**", .authenticated) {
            $0.cors = CORSDefinition(origins: ["https://a.example"])
        }
        let response = try render(.credentialsMissing, "GET / HTTP/1.1", "Origin: https://a.example", route: route)
        #expect(response.fields.contains("Access-Control-Allow-Origin: https://a.example\r\n"))
        #expect(response.fields.contains("Access-Control-Expose-Headers: WWW-Authenticate"))
        #expect(response.fields.contains("Vary: Origin\r\n"))
        let other = try render(.credentialsMissing, "GET / HTTP/1.1", "Origin: https://b.example", route: route)
        #expect(!other.fields.contains("Access-Control-") && other.fields.contains("Vary: Origin\r\n"))
    }

    @Test func `reasons are told apart and all listed`() {
        #expect(Set(GatewayFailure.reasons).count == GatewayFailure.reasons.count)
        #expect(GatewayFailure.reasons.contains(GatewayFailure.tokenRefused(.expired(secondsAgo: 1)).reason))
    }
}

/// RFC 6750 §3 and RFC 9728 §5.1, word for word.
@Suite struct BearerChallengeTests {
    private static let metadata = #"resource_metadata="https://gate.example/.well-known/oauth-protected-resource""#

    @Test(arguments: [
        (GatewayFailure.credentialsMissing, 401, ""),
        (
            .malformedCredentials(.severalTokens), 400,
            #", error="invalid_request", error_description="Bearer is followed by more than one token""#
        ),
        (
            .tokenRefused(.expired(secondsAgo: 190)), 401,
            #", error="invalid_token", error_description="The token expired 3 min ago""#
        ),
        (
            .tokenRefused(.unknownKey), 401,
            #", error="invalid_token", error_description="The token is signed with an unknown key""#
        ),
        (
            .accessRefused(.wrongAudience), 401,
            #", error="invalid_token", error_description="The token is for another audience""#
        ),
        (
            .accessRefused(.issuerNotAllowed), 401,
            #", error="invalid_token", error_description="Tokens of this issuer are not taken here""#
        ),
        (
            .accessRefused(.insufficientScope), 403,
            #", error="insufficient_scope", error_description="The token needs the scopes notes:read notes:write""#
        ),
    ])
    func `a refusal says why`(failure: GatewayFailure, status: Int, error: String) throws {
        let route = RouteDefinition.test("/**", .scopes(all: ["notes:write", "notes:read"], any: []))
        let response = try render(failure, "GET / HTTP/1.1", route: route)
        #expect(response.status == status)
        let line =
            #"WWW-Authenticate: Bearer realm="https://gate.example""# + error + #", scope="notes:read notes:write", "#
            + Self.metadata + "\r\n"
        #expect(response.fields.contains(line), "\(response.fields)")
    }

    @Test(arguments: [
        GatewayFailure.accessRefused(.denied), .accessRefused(.claimNotAllowed(0)), .tokenRefused(.keysUnavailable),
    ])
    func `what no other token would change is no challenge`(failure: GatewayFailure) throws {
        #expect(!(try render(failure, "GET / HTTP/1.1").fields.contains("WWW-Authenticate")))
    }

    @Test func `all scopes that would do are named`() {
        let challenge = BearerChallenge(
            realm: "r",
            resource: "https://r",
            allScopes: ["a"],
            anyScopes: ["b", "a", "c"]
        )
        #expect(challenge.missing.text.hasPrefix(#"Bearer realm="r", scope="a b c", "#))
        #expect(
            challenge.scopeDescription == "The token needs the scope a, and the token needs one of the scopes b a c"
        )
        let plain = BearerChallenge(realm: #"a"b\"#, resource: "https://r")
        #expect(plain.missing.text.hasPrefix(#"Bearer realm="a\"b\\", resource_metadata="#))
    }

    @Test(arguments: [
        ("https://api.example", "https://api.example/.well-known/oauth-protected-resource"),
        ("https://api.example/", "https://api.example/.well-known/oauth-protected-resource"),
        ("https://api.example/mcp", "https://api.example/.well-known/oauth-protected-resource/mcp"),
        ("https://api.example:8443/a/b?c=d", "https://api.example:8443/.well-known/oauth-protected-resource/a/b?c=d"),
        ("https://api.example?x", "https://api.example/.well-known/oauth-protected-resource?x"),
    ])
    func `metadata stands between the authority and the path`(resource: String, url: String) {
        #expect(BearerChallenge.metadataURL(of: resource) == url)
    }

    @Test func `descriptions have only the characters that they may have`() {
        let refusals: [GatewayFailure] = [
            .malformedCredentials(.noToken), .malformedCredentials(.severalTokens),
            .malformedCredentials(.repeatedField),
            .malformedCredentials(.malformedScheme), .accessRefused(.wrongAudience),
            .accessRefused(.claimNotAllowed(0)),
            .accessRefused(.insufficientScope), .accessRefused(.issuerNotAllowed), .tokenRefused(.missingClaim("exp")),
        ]
        for refusal in refusals {
            let text = refusal.errorDescription(nil) ?? ""
            #expect(!text.isEmpty && text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C })
        }
    }
}

private func render(
    _ failure: GatewayFailure,
    _ lines: String...,
    route: RouteDefinition? = nil
) throws -> (status: Int, fields: String, body: String) {
    let snapshot = try GatewaySnapshot(.test(route.map { [$0] } ?? []))
    let head = try requestHead(lines.joined(separator: "\r\n"))
    var fields = FieldBlock()
    var body = ByteBuffer()
    let context = FailureContext(
        head,
        route: snapshot.router.table.routes.first,
        requestID: RequestIDGenerator().next(for: head, isFromTrustedProxy: false),
        unixTime: 1_763_977_267
    )
    let status = snapshot.failures.render(failure, context, fields: &fields, body: &body)
    return (status, fields.text, body.text)
}
