import Bytes
import HTTP
import JWT

/// Runs a request through the very code that decides about requests, and tells what that code saw.
package final class Explainer {
    /// Where the request would come from.
    package struct Client: Sendable {
        /// The address without its port.
        package var address = "127.0.0.1"
        package var isTrustedProxy = false
        package var isSecure = true
        /// Whether it came to a listener that only redirects.
        package var isRedirected = false

        package init() {}
    }

    private let snapshot: GatewaySnapshot
    private let settings: PipelineSettings
    private let ownMethods: (UnsafeRawBufferPointer) -> [HTTPMethod]?
    private let authenticator: Authenticator
    private let clock: () -> UInt64

    /// An explainer for one configuration.
    ///
    /// - Parameters:
    ///   - ownMethods: what the gateway itself takes at a path on the issuer's host: nil where the path is none of its own,
    ///     nothing where it is and nothing is there.
    ///   - clock: monotonic nanoseconds, for how long each step takes.
    package init(
        _ snapshot: GatewaySnapshot,
        settings: PipelineSettings,
        verifier: TokenVerifier,
        revocations: RevocationList,
        ownMethods: @escaping (UnsafeRawBufferPointer) -> [HTTPMethod]?,
        clock: @escaping () -> UInt64
    ) {
        self.snapshot = snapshot
        self.settings = settings
        self.ownMethods = ownMethods
        self.clock = clock
        authenticator = Authenticator(
            verifier: verifier,
            vocabulary: snapshot.vocabulary,
            revocations: revocations,
            capacity: 1,
            byteLimit: 16 << 10
        )
    }

    /// Explains what would become of a request.
    ///
    /// - Parameter request: the head as it would come over HTTP/1.1, with the empty line that ends it.
    package func explain(
        _ request: [UInt8],
        limits: HTTPLimits,
        from client: Client,
        at unixTime: Int64
    ) -> Explanation {
        let head = RequestHead()
        var run = ExplainerRun(snapshot: snapshot, head: head, unixTime: unixTime, clock: clock)
        if let failure = run.parse(request, limits) { return run.refused(failure, route: nil, cors: nil) }
        if let answer = run.ownAnswer(settings, from: client, ownMethods: ownMethods) { return answer }
        switch snapshot.router.route(head) {
        case .failure(let failure, let cors):
            run.note("route", failure.detail(nil), passed: false)
            return run.refused(failure, route: nil, cors: cors)
        case .preflight(let cors, let allow):
            run.note("route", "A preflight, answered without asking for a token.", passed: true)
            return run.preflight(cors, allow: allow)
        case .route(let route):
            run.note(route)
            return explain(route, from: client, &run)
        }
    }

    private func explain(_ route: Route, from client: Client, _ run: inout ExplainerRun) -> Explanation {
        do throws(GatewayFailure) {
            let principal = try authenticator.admit(run.head, to: route, at: run.unixTime, &run)
            return try run.forwarded(route, principal, from: client)
        } catch {
            run.noteLast(error, route)
            return run.refused(error, route: route, cors: nil)
        }
    }
}

@available(*, unavailable)
extension Explainer: Sendable {}
