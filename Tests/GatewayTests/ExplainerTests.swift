import Bytes
import HTTP
import JWT
import Testing

@testable import Gateway

@Suite struct ExplainerTests {
    private let now: Int64 = 1_700_000_000
    private let keys = TestKeys()

    private var definition: GatewayDefinition {
        .test([
            .test("/notes/**", .scopes(all: ["notes:read"], any: ["notes:write", "notes:all"])) { route in
                route.rewritePrefix = "/v2"
                route.forwardsAuthorization = true
                route.issuers = [ownIssuer]
                route.claims = [ClaimRule(claim: "client_id", allowed: [.string("app"), .integer(1)])]
                route.cors = CORSDefinition(origins: ["https://app.example"])
            },
            .test("/public"), .test("/closed", .deny),
        ])
    }

    @Test func `a request that passes shows every check and what goes upstream`() throws {
        let token = try keys.token(expiresAt: now + 60)
        let explanation = try explain(
            "GET /notes/7?q=1",
            "Authorization: Bearer \(token)",
            "X-User-Name: admin",
            "X: y"
        )
        #expect(
            explanation.steps.map(\.name) == [
                "request", "route", "access", "credentials", "token", "issuer", "audience", "scopes", "any_scopes",
                "claim", "fields",
            ]
        )
        #expect(explanation.steps.allSatisfy { $0.passed })
        let texts = Dictionary(uniqueKeysWithValues: explanation.steps.map { ($0.name, $0.text) })
        #expect(texts["token"] == "of \(ownIssuer) for user alice, client app; good for 65 s more, not revoked")
        #expect(texts["scopes"] == "all of notes:read are needed; the token holds notes:read notes:write")
        #expect(texts["claim"] == #"client_id must be one of "app", 1; the token has "app""#)
        guard case .forwarded(upstream: 0, let request) = explanation.decision else {
            Issue.record("\(explanation.decision)")
            return
        }
        #expect(request.target == "/v2/7?q=1" && request.method == "GET")
        #expect(request.fields.contains(.init(name: "X-User-Name", value: "alice")))
        #expect(request.fields.contains(.init(name: "X", value: "y")))
        #expect(request.droppedNames == ["Host", "X-User-Name"])
        #expect(!"\(explanation)".contains(token))
    }

    @Test func `a refusal shows the check that failed and the exact answer`() throws {
        let token = try keys.token(expiresAt: now + 60, scope: "notes:read")
        let explanation = try explain("GET /notes/7", "Authorization: Bearer \(token)", "Origin: https://app.example")
        #expect(explanation.steps.last?.name == "any_scopes" && explanation.steps.last?.passed == false)
        guard case .answered(let response) = explanation.decision else {
            Issue.record("\(explanation.decision)")
            return
        }
        #expect(response.status == 403 && response.error == "insufficient_scope")
        #expect(response.errorDescription?.contains("one of the scopes notes:write notes:all") == true)
        #expect(response.fields.contains { $0.name == "WWW-Authenticate" })
        #expect(response.fields.contains { $0.name == "Access-Control-Allow-Origin" })
    }

    @Test(arguments: [
        ("GET /notes", [], "credentials", "credentials_missing", 401),
        ("GET /notes", ["Authorization: Bearer"], "credentials", "malformed_credentials", 400),
        ("GET /notes", ["Authorization: Bearer x.y.z"], "token", "token_malformed", 401),
        ("GET /none", [], "route", "not_found", 404), ("GET /notes;x", [], "route", "path_parameters", 400),
        ("GET /closed", [], "access", "denied", 403), ("GET /../x", [], "request", "malformed_request", 400),
        ("GET /public", ["Authorization: a", "Authorization: b"], "credentials", "malformed_credentials", 400),
    ])
    func `every refusal names the step that made it`(
        line: String,
        fields: [String],
        step: String,
        reason: String,
        status: Int
    ) throws {
        let explanation = try explain(line, fields.joined(separator: "\r\n"))
        #expect(explanation.steps.last?.name == step && explanation.steps.last?.passed == false)
        #expect(explanation.steps.dropLast().allSatisfy { $0.passed })
        guard case .answered(let response) = explanation.decision else {
            Issue.record("\(explanation.decision)")
            return
        }
        #expect(response.reason == reason && response.status == status)
    }

    @Test func `a preflight and a public route are explained too`() throws {
        let preflight = try explain(
            "OPTIONS /notes",
            "Origin: https://app.example",
            "Access-Control-Request-Method: GET"
        )
        guard case .answered(let response) = preflight.decision else {
            Issue.record("\(preflight.decision)")
            return
        }
        #expect(response.status == 204 && response.fields.contains { $0.name == "Access-Control-Allow-Methods" })
        let open = try explain("GET /public", "Authorization: Bearer whatever")
        guard case .forwarded(_, let request) = open.decision else {
            Issue.record("\(open.decision)")
            return
        }
        #expect(request.droppedNames == ["Host", "Authorization"])
        #expect(open.steps.map(\.name) == ["request", "route", "access", "fields"])
    }

    @Test(arguments: [
        ("GET /.well-known/jwks.json", "own path", 200), ("POST /.well-known/jwks.json", "own path", 405),
        ("OPTIONS *", "target", 204), ("TRACE /notes", "method", 405),
    ])
    func `what the gateway answers before any route is explained too`(line: String, step: String, status: Int) throws {
        let explanation = try explain(line)
        #expect(explanation.steps.map(\.name) == ["request", step])
        guard case .answered(let response) = explanation.decision else {
            Issue.record("\(explanation.decision)")
            return
        }
        #expect(response.status == status)
    }

    private func explain(_ line: String, _ fields: String...) throws -> Explanation {
        var time: UInt64 = 0
        let explainer = Explainer(
            try GatewaySnapshot(definition),
            settings: PipelineSettings(
                issuerHost: Array("api.example".utf8),
                issuerOrigin: Array("https://api.example".utf8),
                bodySize: 1024,
                preservesHost: [false]
            ),
            verifier: keys.verifier,
            revocations: RevocationList(),
            ownMethods: { $0.equals("/.well-known/jwks.json") ? [.get] : nil },
            clock: {
                time += 1000
                return time
            }
        )
        let lines = ["\(line) HTTP/1.1", "Host: api.example"] + fields.filter { !$0.isEmpty }
        let request = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        let explanation = explainer.explain(request, limits: HTTPLimits(), from: Explainer.Client(), at: now)
        #expect(explanation.steps.allSatisfy { $0.nanoseconds == 1000 })
        return explanation
    }
}
