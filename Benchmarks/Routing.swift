import Bytes
import Gateway
import HTTP

extension Benchmarks {
    /// Finding the route; it costs the same however many there are.
    static func routing() throws -> [Benchmark] {
        try [10, 100, 1_000, 10_000].flatMap { count in
            [
                try match("literal path", of: count) { index in
                    (Samples.route("/v1/service-\(index)/notes"), "api.example.com", "/v1/service-\(index)/notes")
                },
                try match("star in the path", of: count) { index in
                    (
                        Samples.route("/v1/service-\(index)/*/notes"), "api.example.com",
                        "/v1/service-\(index)/4711/notes"
                    )
                },
                try match("wildcard host", of: count) { index in
                    (
                        Samples.route("/v1/**", hosts: ["*.tenant-\(index).example.com"]),
                        "api.tenant-\(index).example.com", "/v1/notes"
                    )
                },
            ]
        }
    }

    /// Matches requests for 16 of the routes in turn.
    private static func match(
        _ name: String,
        of routeCount: Int,
        _ make: (Int) -> (route: RouteDefinition, host: String, path: String)
    ) throws -> Benchmark {
        let table = try GatewaySnapshot(Samples.definition((0..<routeCount).map { make($0).route })).router.table
        let probes = (0..<16).map { make($0 * (routeCount - 1) / 15) }.map {
            (Array($0.host.utf8), Array($0.path.utf8))
        }
        let method = Array("GET".utf8)
        return Benchmark("Route match", "\(name), \(routeCount) routes") { count in
            var sum = 0
            for index in 0..<count {
                let (host, path) = probes[index & 15]
                let found = host.withUnsafeBytes { host in
                    path.withUnsafeBytes { path in
                        method.withUnsafeBytes { table.match(method: .get, methodBytes: $0, host: host, path: path) }
                    }
                }
                guard case .route(let route) = found else { preconditionFailure("a route was not found") }
                sum &+= route.index
            }
            return sum
        }
    }
}
