import HTTP

extension Authenticator {
    /// Lets a request in on a route, or says why not: the one place where it is decided whether a token is needed.
    ///
    /// - Returns: who sent it; nil where the route lets anybody in and nobody in particular came.
    package func admit(
        _ head: RequestHead,
        to route: Route,
        at unixTime: Int64
    ) throws(GatewayFailure) -> Principal? {
        switch route.access.access {
        case .public: return nil
        case .deny: throw .accessRefused(.denied)
        case .optional, .authenticated, .scopes: break
        }
        let principal: Principal?
        do throws(AuthenticationError) {
            principal = try authenticate(head, at: unixTime)
        } catch {
            throw GatewayFailure(error)
        }
        guard let principal else {
            if route.access.needsToken { throw .credentialsMissing }
            return nil
        }
        if case .refused(let refusal) = route.access.decide(principal) { throw .accessRefused(refusal) }
        return principal
    }
}
