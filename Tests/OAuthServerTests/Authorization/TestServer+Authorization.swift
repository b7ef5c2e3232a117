import Bytes
import Testing

@testable import OAuthServer

extension TestServer {
    /// The parameters of a good authorization request, with changes; a value of nil takes a parameter out.
    static func authorization(_ changes: [String: String?] = [:]) -> RequestParameters {
        parameters(
            [
                "response_type": "code", "client_id": "app", "redirect_uri": callback, "scope": "openid notes:read",
                "state": "s 1", "code_challenge": challenge, "code_challenge_method": "S256",
            ],
            changes
        )
    }

    /// A request that has to be found valid.
    func valid(_ changes: [String: String?] = [:]) async throws -> AuthorizationRequest {
        guard case .valid(let request, _) = try await server.validate(Self.authorization(changes)) else {
            throw TestFailure(what: "the request was refused")
        }
        return request
    }

    /// What a client is told about a request that has to be refused.
    func refusal(_ parameters: RequestParameters) async throws -> AuthorizationResponse {
        guard case .respond(let response) = try await server.validate(parameters) else {
            throw TestFailure(what: "the client was not told")
        }
        return response
    }

    /// What a person is told about a request that must not be answered with a redirect.
    func page(_ parameters: RequestParameters) async throws -> AuthorizationPageError {
        guard case .page(let error) = try await server.validate(parameters) else {
            throw TestFailure(what: "it was not answered with a page")
        }
        return error
    }

    /// Ada, who signed in some seconds ago.
    func ada(_ secondsAgo: Int64 = 30, restricted: [String] = []) -> SignedInUser {
        SignedInUser(name: "ada", restrictedScopes: restricted, authenticatedAt: clock.now - secondsAgo)
    }

    /// The consent page that a request has to lead to.
    func prompt(_ request: AuthorizationRequest, by user: SignedInUser? = nil) async throws -> ConsentPrompt {
        guard case .consent(let prompt) = try await server.decide(request, signedIn: user ?? ada()) else {
            throw TestFailure(what: "the user is not asked")
        }
        return prompt
    }

    /// Allows scopes, and returns the code as it is stored.
    func allow(
        _ request: AuthorizationRequest,
        _ scopes: [String],
        by user: SignedInUser? = nil
    ) async throws -> AuthorizationCode {
        let step = try await server.allow(request, by: user ?? ada(), scopes: scopes, context: Self.context)
        guard let code = try await code(in: step) else { throw TestFailure(what: "there is no code") }
        return code
    }

    /// The stored form of the code that a step carries; nil where it carries none.
    func code(in step: AuthorizationStep) async throws -> AuthorizationCode? {
        guard case .respond(let response) = step, let text = response.parameter("code") else { return nil }
        return await store.authorizationCode(AuthorizationCode.hash(of: text), at: clock.now)
    }
}

/// A test can't go on.
struct TestFailure: Error {
    var what: String
}

extension AuthorizationResponse {
    /// A parameter of the response, still encoded.
    func parameter(_ name: String) -> String? {
        let query = location.split(separator: "?", maxSplits: 1).last ?? ""
        let found = query.split(separator: "&").filter { $0.hasPrefix(name + "=") }
        return found.count == 1 ? String(found[0].dropFirst(name.utf8.count + 1)) : nil
    }
}

extension AuthorizationStep {
    /// The error that the client is told; nil where it is told none.
    var errorCode: OAuthError.Code? {
        guard case .respond(let response) = self else { return nil }
        return response.error?.code
    }

    var signInPrompt: SignInPrompt? {
        guard case .signIn(let prompt) = self else { return nil }
        return prompt
    }
}
