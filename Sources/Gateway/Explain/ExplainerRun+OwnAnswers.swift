import Bytes
import HTTP

extension ExplainerRun {
    /// What is answered before any route is looked for, in the order of `RequestPipeline.handle`.
    mutating func ownAnswer(
        _ settings: PipelineSettings,
        from client: Explainer.Client,
        ownMethods: (UnsafeRawBufferPointer) -> [HTTPMethod]?
    ) -> Explanation? {
        if client.isRedirected, head.targetForm == .origin || head.targetForm == .absolute {
            note("listener", "This listener redirects everything to https.", passed: true)
            return redirection(settings)
        }
        if head.method == .connect || head.method == .trace || client.isRedirected {
            let failure = GatewayFailure.methodNotAllowed(allow: RequestPipeline.allMethods)
            note("method", failure.detail(nil), passed: false)
            return refused(failure, route: nil, cors: nil)
        }
        if head.targetForm == .asterisk {
            note("target", "It is about the server itself, which answers.", passed: true)
            var fields = FieldBlock()
            fields.append(name: "Allow", value: RequestPipeline.allMethods)
            return answered(204, fields)
        }
        let isForIssuer = settings.issuerHost.withUnsafeBytes { head.host.equals($0) }
        guard isForIssuer, let methods = ownMethods(head.path) else { return nil }
        return ownAnswer(methods)
    }

    private mutating func ownAnswer(_ methods: [HTTPMethod]) -> Explanation {
        guard !methods.isEmpty else {
            note("own path", "The path belongs to the gateway itself, and nothing is there.", passed: false)
            return refused(.notFound, route: nil, cors: nil)
        }
        note("own path", "The gateway answers this path itself, on the issuer's host.", passed: true)
        let takes = methods.contains(head.method) || head.method == .head && methods.contains(.get)
        if head.method == .options { return answered(204, FieldBlock()) }
        return answered(takes ? 200 : 405, FieldBlock())
    }

    private func redirection(_ settings: PipelineSettings) -> Explanation {
        var fields = FieldBlock()
        fields.begin(name: "Location")
        settings.issuerOrigin.withUnsafeBytes { fields.appendValue($0) }
        fields.appendValue(head.path)
        if let query = head.query {
            fields.appendValue("?")
            fields.appendValue(query)
        }
        fields.end()
        return answered(308, fields)
    }
}
