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
        var silent = SilentObserver()
        return try admit(head, to: route, at: unixTime, &silent)
    }

    /// Lets a request in or not, and tells the observer of each step in its order.
    func admit(
        _ head: RequestHead,
        to route: Route,
        at unixTime: Int64,
        _ observer: inout some AccessObserver
    ) throws(GatewayFailure) -> Principal? {
        switch route.access.access {
        case .public: return nil
        case .deny: throw .accessRefused(.denied)
        case .optional, .authenticated, .scopes: break
        }
        let credentials = BearerCredentials(head)
        observer.found(credentials)
        let principal: Principal?
        do throws(AuthenticationError) {
            principal = try authenticate(credentials, at: unixTime)
        } catch {
            throw GatewayFailure(error)
        }
        guard let principal else {
            if route.access.needsToken { throw .credentialsMissing }
            return nil
        }
        observer.authenticated(principal)
        if case .refused(let refusal) = route.access.decide(principal, &observer) { throw .accessRefused(refusal) }
        return principal
    }
}
