import Bytes
import HTTP
import JSON
import JWT

/// One request on its way through the explainer: sees the steps and puts them into words.
struct ExplainerRun {
    let snapshot: GatewaySnapshot
    let head: RequestHead
    let unixTime: Int64
    private let clock: () -> UInt64
    private var steps: [Explanation.Step] = []
    private var principal: Principal?
    private var lastTime: UInt64

    init(snapshot: GatewaySnapshot, head: RequestHead, unixTime: Int64, clock: @escaping () -> UInt64) {
        self.snapshot = snapshot
        self.head = head
        self.unixTime = unixTime
        self.clock = clock
        lastTime = clock()
    }

    /// Parses the request, and returns what is wrong with it.
    mutating func parse(_ request: [UInt8], _ limits: HTTPLimits) -> GatewayFailure? {
        var parser = RequestHeadParser(limits: limits)
        let fault: HTTPParseError? = request.withUnsafeBytes { bytes in
            do throws(HTTPParseError) {
                return try parser.parse(bytes, into: head) == nil ? .malformedRequestLine : nil
            } catch {
                return error
            }
        }
        if let fault {
            note("request", String(describing: fault.detail), passed: false)
            return .malformedRequest(fault)
        }
        note("request", "\(head.methodBytes.text) \(head.path.text) on \(head.host.text)", passed: true)
        return nil
    }

    mutating func note(_ name: String, _ text: String, passed: Bool) {
        let now = clock()
        steps.append(Explanation.Step(name: name, passed: passed, text: text, nanoseconds: now &- lastTime))
        lastTime = now
    }

    mutating func note(_ route: Route) {
        let hosts = route.hosts.isEmpty ? "any host" : route.hosts.joined(separator: ", ")
        let methods = route.methods.isEmpty ? "any method" : route.methods.joined(separator: ", ")
        // Without a name of its own it is called by these, and says them once.
        let name = route.name.hasSuffix(route.path) ? "" : "\(route.name): "
        note("route", "\(name)\(route.path) with \(methods) on \(hosts)", passed: true)
        switch route.access.access {
        case .public: note("access", "public: the token is not looked at", passed: true)
        case .deny: note("access", "deny: nobody gets in", passed: false)
        case .optional: note("access", "optional: no token is needed", passed: true)
        case .authenticated: note("access", "authenticated: any valid token", passed: true)
        case .scopes: note("access", "scopes: a valid token with scopes", passed: true)
        }
    }

    /// Notes a refusal that no step has told of yet.
    mutating func noteLast(_ failure: GatewayFailure, _ route: Route) {
        guard steps.last?.passed != false else { return }
        switch failure {
        case .tokenRefused: note("token", failure.detail(route), passed: false)
        case .credentialsMissing, .malformedCredentials: note("credentials", failure.detail(route), passed: false)
        default: note("fields", failure.detail(route), passed: false)
        }
    }

    func refused(_ failure: GatewayFailure, route: Route?, cors: CORSPolicy?) -> Explanation {
        var fields = FieldBlock()
        var body = ByteBuffer()
        let context = FailureContext(head, route: route, cors: cors, requestID: requestID(), unixTime: unixTime)
        let response = Explanation.Response(
            status: snapshot.failures.render(failure, context, fields: &fields, body: &body),
            reason: failure.reason,
            error: failure.bearerError.map { String(describing: $0) },
            errorDescription: failure.bearerError == nil ? nil : failure.errorDescription(route),
            detail: failure.detail(route),
            fields: fields.explained
        )
        return Explanation(steps: steps, route: route?.name, decision: .answered(response))
    }

    func preflight(_ cors: CORSPolicy, allow: [UInt8]) -> Explanation {
        var fields = FieldBlock()
        cors.writePreflight(head, allow: allow, into: &fields)
        return answered(204, fields)
    }

    /// What the gateway answers by itself and refuses nothing with.
    func answered(_ status: Int, _ fields: borrowing FieldBlock) -> Explanation {
        let response = Explanation.Response(
            status: status,
            reason: nil,
            error: nil,
            errorDescription: nil,
            detail: nil,
            fields: fields.explained
        )
        return Explanation(steps: steps, route: nil, decision: .answered(response))
    }

    mutating func forwarded(
        _ route: Route,
        _ principal: Principal?,
        from client: Explainer.Client
    ) throws(GatewayFailure) -> Explanation {
        guard let upstream = route.upstream else { throw .accessRefused(.denied) }
        var fields = FieldBlock()
        try Array(client.address.utf8).withUnsafeBufferPointer { (address) throws(GatewayFailure) in
            let context = ClientContext(
                head,
                address: UnsafeRawBufferPointer(address),
                isTrustedProxy: client.isTrustedProxy,
                isSecure: client.isSecure,
                requestID: requestID()
            )
            let policy = snapshot.requestFields
            try policy.write(
                head,
                route: route,
                principal: principal,
                client: context,
                tunnel: TunnelRequest(head),
                into: &fields.buffer
            )
        }
        var target = ByteBuffer()
        route.appendUpstreamPath(of: head.path, to: &target)
        let query = head.query.map { "?\($0.text)" } ?? ""
        let sent = fields.explained
        let lines = Set(fields.bytes.text.split(separator: "\r\n"))
        let dropped = (0..<head.fieldCount).filter { !lines.contains("\(head.name($0).text): \(head.value($0).text)") }
        note("fields", "\(sent.count) fields go upstream", passed: true)
        let request = Explanation.UpstreamRequest(
            method: head.methodBytes.text,
            target: target.bytes.text + query,
            fields: sent,
            droppedNames: dropped.map { head.name($0).text }
        )
        return Explanation(steps: steps, route: route.name, decision: .forwarded(upstream: upstream, request))
    }

    private func requestID() -> RequestID { RequestIDGenerator().next(for: head, isFromTrustedProxy: false) }
}

extension ExplainerRun: AccessObserver {
    mutating func found(_ credentials: BearerCredentials) {
        switch credentials {
        case .none: note("credentials", "No Bearer token was sent.", passed: true)
        case .token(let token): note("credentials", "A Bearer token of \(token.count) bytes was sent.", passed: true)
        case .malformed(let error): note("credentials", String(describing: error.description), passed: false)
        }
    }

    mutating func authenticated(_ principal: Principal) {
        self.principal = principal
        let token = principal.token
        let user = token.userName.map { "user \($0)" } ?? "no user"
        let client = token.clientID.map { "client \($0)" } ?? "no client"
        let left = token.expiresAt - unixTime + 1
        note("token", "of \(token.issuer) for \(user), \(client); good for \(left) s more, not revoked", passed: true)
    }

    mutating func check(_ check: AccessCheck, _ passed: Bool) -> Bool {
        guard let principal else { preconditionFailure("checks are made of principals") }
        let (name, text) = words(for: check, principal)
        note(name, text, passed: passed)
        return passed
    }

    private func words(for check: AccessCheck, _ principal: Principal) -> (name: String, text: String) {
        let vocabulary = snapshot.vocabulary
        switch check {
        case .issuer(let allowed):
            let names = vocabulary.issuers.indices.filter(allowed.contains).map { vocabulary.issuers[$0] }
            return ("issuer", "one of \(list(names)) is needed; the token is of \(principal.token.issuer)")
        case .audience(let audience):
            let found = list(principal.token.audiences)
            return ("audience", "\(vocabulary.resources[audience]) is needed; the token is for \(found)")
        case .allScopes(let needed):
            let held = list(vocabulary.names(of: principal.scopes))
            return ("scopes", "all of \(list(vocabulary.names(of: needed))) are needed; the token holds \(held)")
        case .anyScope(let needed):
            let held = list(vocabulary.names(of: principal.scopes))
            return ("any_scopes", "one of \(list(vocabulary.names(of: needed))) is needed; the token holds \(held)")
        case .claim(let index):
            let rule = vocabulary.claimRules[index]
            let allowed = rule.allowed.map(\.description).joined(separator: ", ")
            let found = principal.token.claims.claim(rule.claim).map(\.compactText) ?? "none"
            return ("claim", "\(rule.claim) must be one of \(allowed); the token has \(found)")
        }
    }

    private func list(_ names: [String]) -> String { names.isEmpty ? "none" : names.joined(separator: " ") }
}

extension ClaimValue: CustomStringConvertible {
    /// The value as JSON has it.
    package var description: String {
        switch self {
        case .string(let text):
            var writer = JSONWriter()
            writer.string(text)
            return writer.text
        case .integer(let number): return String(number)
        case .double(let number): return String(number)
        case .bool(let truth): return String(truth)
        }
    }
}

extension JSONNode {
    fileprivate var compactText: String {
        var writer = JSONWriter()
        writer.node(self)
        return writer.text
    }
}

extension FieldBlock {
    /// The fields in words; a token that goes on is not shown.
    fileprivate var explained: [Explanation.Field] {
        var fields: [Explanation.Field] = []
        forEachField { name, value in
            let isToken = name.equalsIgnoringCase("authorization")
            fields.append(Explanation.Field(name: name.text, value: isToken ? "[not shown]" : value.text))
        }
        return fields
    }
}
