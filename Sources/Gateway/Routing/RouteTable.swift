import Bytes
import HTTP

/// What a lookup found.
package enum RouteMatch {
    case route(Route)
    /// The path is known, the method is not; a wider pattern is not tried.
    case methodNotAllowed(RouteGroup)
    case notFound
}

/// The compiled routes of one configuration.
///
/// A lookup costs the same however many routes there are, and allocates nothing.
package struct RouteTable: Sendable {
    /// The routes, in the order of the configuration.
    package let routes: [Route]

    private let trie: RouteTrie
    private let hosts: HostTable
    private let groups: [RouteGroup]

    /// Compiles the routes.
    ///
    /// - Throws: `RouteTableError` with every pair that cannot be told apart.
    package init(_ routes: [Route]) throws(RouteTableError) {
        var trie = RouteTrie()
        var roots: [String: Int32] = [:]
        var members: [[Route]] = []
        for route in routes {
            for host in route.hosts.isEmpty ? ["*"] : Set(route.hosts.map(RouteTable.canonicalHost)).sorted() {
                let root = roots[host] ?? trie.addRoot()
                roots[host] = root
                let group = trie.group(for: route.pattern, under: root, orSet: Int32(members.count))
                if Int(group) == members.count { members.append([]) }
                members[Int(group)].append(route)
            }
        }
        var ties: [RouteTie] = []
        groups = members.map { members in
            RouteGroup(members) { first, second, method in
                ties.append(RouteTie(first: first.index, second: second.index, path: first.path, method: method))
            }
        }
        guard ties.isEmpty else { throw RouteTableError(ties: ties) }
        self.routes = routes
        self.trie = trie
        hosts = HostTable(roots.map { (name: $0.key, root: $0.value) })
    }

    /// The most specific route for a request.
    ///
    /// - Parameters:
    ///   - host: in lower case, without port.
    ///   - path: normalised (escapes of unreserved characters decoded, no dot segments, no empty ones).
    package func match(
        method: HTTPMethod,
        methodBytes: UnsafeRawBufferPointer,
        host: UnsafeRawBufferPointer,
        path: UnsafeRawBufferPointer
    ) -> RouteMatch {
        guard let group = group(host: host, path: path) else { return .notFound }
        guard let route = group.route(for: method, methodBytes) else { return .methodNotAllowed(group) }
        return .route(route)
    }

    /// The routes of the most specific path pattern, whatever their methods.
    package func group(host: UnsafeRawBufferPointer, path: UnsafeRawBufferPointer) -> RouteGroup? {
        var entry = hosts.match(host)
        while entry >= 0 {
            let group = trie.match(path, under: hosts.entries[Int(entry)].root)
            if group >= 0 { return groups[Int(group)] }
            entry = hosts.entries[Int(entry)].next
        }
        return nil
    }

    private static func canonicalHost(_ host: String) -> String {
        let lowercase = host.lowercased()
        return lowercase.count > 1 && lowercase.hasSuffix(".") ? String(lowercase.dropLast()) : lowercase
    }
}

/// Routes that no rule of precedence can order.
package struct RouteTableError: Error, Equatable, Sendable {
    package let ties: [RouteTie]
}

/// Two routes with the same host, the same path pattern and the same method.
package struct RouteTie: Equatable, Sendable {
    /// The places of both in the configuration's list.
    package let first: Int
    package let second: Int
    package let path: String
    /// The method that both name, or nil when neither names any.
    package let method: String?
}
