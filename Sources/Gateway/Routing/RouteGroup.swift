import Bytes
import HTTP

/// All routes with one path pattern on one host; they differ in their methods.
package final class RouteGroup: Sendable {
    /// The routes, in the order of the configuration.
    package let routes: [Route]
    /// The value of `Allow` (RFC 9110 §10.2.1): every method that some route here names.
    package let allow: [UInt8]

    /// For each known method the place of its route in `routes`, or -1.
    private let known: [Int32]
    /// Extension methods by name.
    private let named: [(name: [UInt8], route: Int32)]
    private let anyMethod: Int32

    /// The route that answers a method, or nil for one that none names.
    package func route(for method: HTTPMethod, _ methodBytes: UnsafeRawBufferPointer) -> Route? {
        var index = anyMethod
        if method != .other {
            index = known[Int(method.rawValue)]
        } else {
            for (name, route) in named where name.elementsEqual(methodBytes) { index = route }
        }
        return index < 0 ? nil : routes[Int(index)]
    }

    /// The cross-origin rules where no route was chosen: those of the first route that has some.
    package var cors: CORSPolicy? {
        for route in routes { if let cors = route.cors { return cors } }
        return nil
    }

    /// Sorts the routes by method and reports each pair that cannot be told apart.
    init(_ routes: [Route], onTie: (Route, Route, String?) -> Void) {
        var owners: [String: Int] = [:]
        var anyMethod: Int?
        for (index, route) in routes.enumerated() {
            if route.methods.isEmpty {
                if let other = anyMethod { onTie(routes[other], route, nil) } else { anyMethod = index }
            }
            for method in Set(route.methods).sorted() {
                if let other = owners[method] { onTie(routes[other], route, method) } else { owners[method] = index }
            }
        }
        // A resource that can be read can be asked for its head (RFC 9110 §9.3.2).
        if owners["HEAD"] == nil { owners["HEAD"] = owners["GET"] }
        self.routes = routes
        self.anyMethod = Int32(anyMethod ?? -1)
        var known = Array(repeating: Int32(anyMethod ?? -1), count: Int(HTTPMethod.other.rawValue) + 1)
        var named: [(name: [UInt8], route: Int32)] = []
        for (method, index) in owners.sorted(by: { $0.key < $1.key }) {
            if let standard = RouteGroup.standardMethods[method] {
                known[Int(standard.rawValue)] = Int32(index)
            } else {
                named.append((Array(method.utf8), Int32(index)))
            }
        }
        self.known = known
        self.named = named
        self.allow = Array(owners.keys.sorted().joined(separator: ", ").utf8)
    }

    private static let standardMethods: [String: HTTPMethod] = [
        "GET": .get, "HEAD": .head, "POST": .post, "PUT": .put, "DELETE": .delete, "CONNECT": .connect,
        "OPTIONS": .options, "TRACE": .trace, "PATCH": .patch,
    ]
}
