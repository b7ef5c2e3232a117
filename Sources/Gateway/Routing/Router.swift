import Bytes
import HTTP

/// Where a request goes.
package enum RoutingOutcome {
    case route(Route)
    /// The answer to a preflight is all that is asked for; `allow` is empty where a route takes every method.
    case preflight(CORSPolicy, allow: [UInt8])
    /// The cross-origin rules let a script read the refusal.
    case failure(GatewayFailure, CORSPolicy?)
}

/// Finds the route of a request head, and all that can be wrong with a request before anybody asks who sent it.
package struct Router: Sendable {
    package let table: RouteTable

    package init(_ table: RouteTable) {
        self.table = table
    }

    /// Routes a request.
    ///
    /// Allocates nothing for a request that has a route.
    package func route(_ head: RequestHead) -> RoutingOutcome {
        guard let group = table.group(host: head.host, path: head.path) else {
            return .failure(head.hasPathParameters ? .pathParameters : .notFound, nil)
        }
        if Preflight.isPreflight(head), let outcome = preflight(head, group) { return outcome }
        // What a WebSocket's extended CONNECT asks for is what GET asks for in HTTP/1.1 (RFC 8441 §5).
        let method = head.connectProtocol == nil ? head.method : .get
        guard var route = group.route(for: method, head.methodBytes) else {
            return .failure(.methodNotAllowed(allow: group.allow), group.cors)
        }
        if let cors = route.cors, let origin = head.value(of: .origin), !cors.allows(origin),
            WebSocketProtocols.isHandshake(head), !Router.isSameOrigin(origin, head.authority)
        {
            // Browsers ask no leave for a WebSocket, so a page of any other origin could open one.
            return .failure(.originNotAllowed, cors)
        }
        if route.allowsMethodOverride, head.method == .post {
            do throws(GatewayFailure) {
                route = try overriding(route, head, group)
            } catch {
                return .failure(error, route.cors)
            }
        }
        if head.hasPathParameters {
            guard route.allowsPathParameters, !PathParameters.areAmbiguous(in: head.path) else {
                return .failure(.pathParameters, route.cors)
            }
        }
        return .route(route)
    }

    /// Whether an origin is a page of the authority that the request is for, whose scheme is not known here.
    private static func isSameOrigin(_ origin: UnsafeRawBufferPointer, _ authority: UnsafeRawBufferPointer) -> Bool {
        for scheme: StaticString in ["https://", "http://"]
        where origin.count > scheme.utf8CodeUnitCount && origin.slice(0..<scheme.utf8CodeUnitCount).equals(scheme) {
            let rest = origin.slice(scheme.utf8CodeUnitCount..<origin.count)
            return rest.elementsEqual(authority) { ASCII.lowercased($0) == ASCII.lowercased($1) }
        }
        return false
    }

    /// The answer to a preflight, before anybody asks for a token: browsers send none with it (Fetch standard §3.3.5).
    ///
    /// Nil where no route of the path has cross-origin rules; then it is a request like any other.
    private func preflight(_ head: RequestHead, _ group: RouteGroup) -> RoutingOutcome? {
        guard let origin = head.value(of: .origin), let method = head.value(of: .accessControlRequestMethod) else {
            return nil
        }
        let route = group.route(for: HTTPMethod(method), method)
        guard let cors = route?.cors ?? group.cors else { return nil }
        guard cors.allows(origin) else { return .failure(.originNotAllowed, cors) }
        return .preflight(cors, allow: group.allow)
    }

    /// The route of the method that `X-HTTP-Method-Override` or one of its kin asks for.
    ///
    /// What the API behind will take for the method is what is authorized; several fields must agree.
    private func overriding(
        _ route: Route,
        _ head: RequestHead,
        _ group: RouteGroup
    ) throws(GatewayFailure) -> Route {
        var asked: UnsafeRawBufferPointer?
        for index in 0..<head.fieldCount where Router.isMethodOverride(head.fieldName(index)) {
            let value = head.value(index)
            guard FieldSyntax.isToken(value), asked?.equals(value) != false else { throw .methodOverride }
            asked = value
        }
        guard let asked else { return route }
        // APIs take the value in any case, so it is looked up as they will.
        let method = asked.map(Router.uppercased)
        let found = method.withUnsafeBytes { group.route(for: HTTPMethod($0), $0) }
        guard let found, found.allowsMethodOverride else { throw .methodNotAllowed(allow: group.allow) }
        return found
    }

    private static func isMethodOverride(_ name: FieldName) -> Bool {
        name == .xHTTPMethodOverride || name == .xHTTPMethod || name == .xMethodOverride
    }

    private static func uppercased(_ byte: UInt8) -> UInt8 { byte &- 0x61 < 26 ? byte & 0xDF : byte }
}
