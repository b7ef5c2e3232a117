import Gateway
import HTTP

/// One of our own endpoints: where it is and what answers there.
package struct WebEndpoint: Sendable {
    /// The path behind `base_path`, such as `/token`.
    package let path: String
    /// GET implies HEAD; OPTIONS is answered for it.
    package let methods: [HTTPMethod]
    /// Whether scripts of any origin may call it; without cookies, in any case.
    package let allowsAnyOrigin: Bool
    /// Whether a request must carry a good access token (RFC 6750); it comes with the request.
    package let needsToken: Bool
    /// Answers a request; called off the event loops, for several requests at once.
    package let respond: @Sendable (WebRequest) async -> WebResponse
    /// Answers a request whose parameters can't be read; `query` and `form` are empty then.
    package let refuse: @Sendable (WebRequest, WebRequestFault) -> WebResponse

    package init(
        _ path: String,
        methods: [HTTPMethod],
        allowsAnyOrigin: Bool = false,
        needsToken: Bool = false,
        refuse: @escaping @Sendable (WebRequest, WebRequestFault) -> WebResponse,
        respond: @escaping @Sendable (WebRequest) async -> WebResponse
    ) {
        self.path = path
        self.methods = methods
        self.allowsAnyOrigin = allowsAnyOrigin
        self.needsToken = needsToken
        self.refuse = refuse
        self.respond = respond
    }

    /// Whether it takes a method.
    func allows(_ method: HTTPMethod) -> Bool {
        methods.contains(method) || method == .head && methods.contains(.get)
    }

    /// The value of `Allow`.
    var allowedMethods: String {
        let implied: [HTTPMethod] = methods.contains(.get) ? [.head] : []
        let all = methods.prefix { $0 == .get } + implied + methods.drop { $0 == .get } + [.options]
        return all.map { String(describing: $0.spelling) }.joined(separator: ", ")
    }
}

/// All endpoints of one configuration.
package struct WebSite: Sendable {
    let basePath: [UInt8]
    /// By their whole paths.
    private let endpoints: [[UInt8]: WebEndpoint]

    /// - Parameters:
    ///   - basePath: What the paths of all endpoints start with, without a slash at its end.
    ///   - endpoints: No two with the same path.
    package init(basePath: String, endpoints: [WebEndpoint]) {
        self.basePath = Array(basePath.utf8)
        self.endpoints = Dictionary(
            endpoints.map { (Array((basePath + $0.path).utf8), $0) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// The endpoint at a path.
    func endpoint(at path: UnsafeRawBufferPointer) -> WebEndpoint? { endpoints[Array(path)] }

    /// Whether a path is the base path or lies below it.
    func contains(_ path: UnsafeRawBufferPointer) -> Bool {
        guard path.count >= basePath.count, path.starts(with: basePath) else { return false }
        return path.count == basePath.count || path[basePath.count] == UInt8(ascii: "/")
    }
}
