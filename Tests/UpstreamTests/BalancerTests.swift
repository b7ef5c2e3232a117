import Testing

@testable import Upstream

@Suite struct BalancerTests {
    private func servers(_ count: Int) -> [ServerPool] {
        (0..<count).map {
            ServerPool(index: $0, server: UpstreamServer(host: "h", port: 1), health: HealthPolicy())
        }
    }

    private func choices(_ balancer: inout Balancer, _ servers: [ServerPool], _ count: Int) -> [Int] {
        (0..<count).compactMap { _ in balancer.choose(from: servers, at: 0, tried: TriedServers()) }
    }

    @Test func `round robin takes every server in turn`() {
        var balancer = Balancer(.roundRobin)
        #expect(choices(&balancer, servers(3), 7) == [0, 1, 2, 0, 1, 2, 0])
    }

    @Test func `round robin passes over servers that are down or were tried`() {
        var balancer = Balancer(.roundRobin)
        let servers = servers(4)
        for _ in 0..<3 { servers[1].health.fail(at: 0, isQuick: false, jitter: 0) }
        var tried = TriedServers()
        tried.insert(2)
        let chosen = (0..<4).compactMap { _ in balancer.choose(from: servers, at: 0, tried: tried) }
        #expect(chosen == [0, 3, 0, 3])
    }

    @Test func `least requests takes the server with the fewest`() {
        var balancer = Balancer(.leastRequests)
        let servers = servers(3)
        servers[0].activeCount = 4
        servers[1].activeCount = 2
        servers[2].activeCount = 3
        #expect(choices(&balancer, servers, 2) == [1, 1])
    }

    @Test func `least requests spreads ties`() {
        var balancer = Balancer(.leastRequests)
        #expect(choices(&balancer, servers(3), 6) == [0, 1, 2, 0, 1, 2])
    }

    @Test func `there is no choice when all are down`() {
        var balancer = Balancer(.roundRobin)
        let servers = servers(2)
        for server in servers { for _ in 0..<3 { server.health.fail(at: 0, isQuick: false, jitter: 0) } }
        #expect(choices(&balancer, servers, 1).isEmpty)
    }
}
