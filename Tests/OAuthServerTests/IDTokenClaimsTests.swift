import Crypto
import JSON
import Testing

@testable import OAuthServer

@Suite struct IDTokenClaimsTests {
    private let claims = IDTokenClaims(
        issuer: "https://issuer.example",
        subject: "ada",
        clientID: "app",
        issuedAt: 100,
        expiresAt: 700,
        authenticatedAt: 90,
        nonce: "n\"1",
        accessToken: "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
    )

    @Test func `at_hash is the one of OpenID Connect Core appendix A`() {
        #expect(IDTokenClaims.hash(of: claims.accessToken, algorithm: .rs256) == "77QmUPtjPfzWtF2AnpK9RQ")
        #expect(IDTokenClaims.hash(of: claims.accessToken, algorithm: .es256) == "77QmUPtjPfzWtF2AnpK9RQ")
    }

    @Test func `at_hash is half of the digest that the signature uses`() {
        #expect(IDTokenClaims.hash(of: "t", algorithm: .es384).utf8.count == 32)
        #expect(IDTokenClaims.hash(of: "t", algorithm: .eddsa).utf8.count == 43)
    }

    @Test func `an ID token says who, to whom, when and for which request`() {
        let text = String(decoding: claims.json(algorithm: .rs256), as: UTF8.self)
        #expect(
            text == #"{"iss":"https://issuer.example","sub":"ada","aud":"app","exp":700,"iat":100,"auth_time":90,"#
                + #""nonce":"n\"1","at_hash":"77QmUPtjPfzWtF2AnpK9RQ"}"#
        )
    }

    @Test func `a nonce that was not sent is not made up`() {
        var claims = claims
        claims.nonce = nil
        claims.authenticatedAt = nil
        let text = String(decoding: claims.json(algorithm: .rs256), as: UTF8.self)
        #expect(!text.contains("nonce") && !text.contains("auth_time"))
    }
}
