/// What the status page says first: how the gateway is, and why.
struct StatusVerdict {
    enum Level {
        case allGood
        case needsALook
        case notServing
    }

    let level: Level
    /// Each names the section that tells more, says what is wrong, and says it again in a few words for the title.
    let causes: [(text: HTML, short: String)]

    init(_ status: StatusSnapshot) {
        var causes: [(text: HTML, short: String)] = []
        var level = Level.allGood
        if case .notReady(let reasons) = status.readiness {
            level = .notServing
            causes += reasons.map { ("\(Self.sentence($0))", $0) }
        }
        let worries =
            Self.downServers(status) + Self.failingRoutes(status) + Self.certificates(status)
            + Self.configuration(status) + Self.keys(status) + Self.storage(status)
        if level == .allGood, !worries.isEmpty { level = .needsALook }
        self.level = level
        self.causes = causes + worries
    }

    var heading: String {
        switch level {
        case .allGood: "All good"
        case .needsALook: "Needs a look"
        case .notServing: "Not serving"
        }
    }

    private static func downServers(_ status: StatusSnapshot) -> [(text: HTML, short: String)] {
        var order: [String] = []
        var counts: [String: (down: Int, all: Int)] = [:]
        for server in status.servers {
            if counts[server.upstream] == nil { order.append(server.upstream) }
            counts[server.upstream, default: (0, 0)].all += 1
            if case .down = server.health { counts[server.upstream, default: (0, 0)].down += 1 }
        }
        return order.compactMap { upstream in
            guard let count = counts[upstream], count.down > 0 else { return nil }
            let verb = count.down == 1 ? "is" : "are"
            return (
                """
                <a href="#upstreams">\(count.down) of \(count.all) <strong>\(upstream)</strong> \
                \(count.all == 1 ? "server" : "servers") \(verb) down</a>.
                """,
                "\(count.down) \(count.down == 1 ? "server" : "servers") down"
            )
        }
    }

    private static func failingRoutes(_ status: StatusSnapshot) -> [(text: HTML, short: String)] {
        status.routes.compactMap { route in
            guard let flow = status.traffic.routes[route.name], flow.serverErrors * 100 > flow.requests else {
                return nil
            }
            let share = StatusFormat.percent(flow.serverErrors, of: flow.requests)
            return (
                "<a href=\"#routes\">\(share)% of <code>\(route.path)</code> answers</a> are 5xx.",
                "5xx on \(route.path)"
            )
        }
    }

    private static func certificates(_ status: StatusSnapshot) -> [(text: HTML, short: String)] {
        status.certificates.compactMap { certificate in
            let left = status.timeLeft(until: certificate.expiresAt)
            guard left < warningBeforeExpiry else { return nil }
            let when: HTML =
                left <= 0 ? "has expired" : "expires in \(StatusFormat.duration(left))"
            return (
                "<a href=\"#certificates\">The certificate for \(certificate.names)</a> \(when).",
                left <= 0 ? "certificate expired" : "certificate expires"
            )
        }
    }

    private static func configuration(_ status: StatusSnapshot) -> [(text: HTML, short: String)] {
        guard let count = status.configuration.failedReloadErrorCount else { return [] }
        let errors = "\(count) \(count == 1 ? "error" : "errors")"
        return [
            (
                """
                <a href="#certificates">The new configuration</a> has \(errors) and was not loaded; run \
                <code>gatehouse check</code>.
                """,
                "configuration not loaded"
            )
        ]
    }

    private static func keys(_ status: StatusSnapshot) -> [(text: HTML, short: String)] {
        status.trustedIssuers.filter { $0.keyCount == nil }.map { issuer in
            ("<a href=\"#certificates\">The keys of \(issuer.issuer)</a> are not to be had.", "keys missing")
        }
    }

    private static func storage(_ status: StatusSnapshot) -> [(text: HTML, short: String)] {
        guard let storage = status.storage, !storage.isHealthy else { return [] }
        return [("<a href=\"#certificates\">The storage</a> does not answer.", "storage down")]
    }

    private static func sentence(_ reason: String) -> String {
        reason.prefix(1).uppercased() + reason.dropFirst() + "."
    }

    private static let warningBeforeExpiry: Int64 = 21 * 86_400
}
