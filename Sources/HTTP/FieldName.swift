/// The field names that the gateway treats specially; every other one is `other`.
@usableFromInline
package enum FieldName: UInt8, Sendable, CaseIterable {
    case other = 0
    case host
    case contentLength
    // Hop-by-hop (RFC 9110 §7.6.1).
    case connection
    case keepAlive
    case proxyConnection
    case proxyAuthenticate
    case proxyAuthorization
    case te
    case trailer
    case transferEncoding
    case upgrade
    case http2Settings
    // Requests.
    case accept
    case acceptEncoding
    case acceptLanguage
    case accessControlRequestHeaders
    case accessControlRequestMethod
    case accessControlRequestPrivateNetwork
    case authorization
    case cookie
    case expect
    case forwarded
    case ifMatch
    case ifModifiedSince
    case ifNoneMatch
    case ifRange
    case ifUnmodifiedSince
    case maxForwards
    case origin
    case proxy
    case range
    case referer
    case secFetchDest
    case secFetchMode
    case secFetchSite
    case secFetchUser
    case secWebSocketExtensions
    case secWebSocketKey
    case secWebSocketProtocol
    case secWebSocketVersion
    case traceparent
    case tracestate
    case userAgent
    case via
    case xClientID
    case xForwardedFor
    case xForwardedHost
    case xForwardedPort
    case xForwardedPrefix
    case xForwardedProto
    case xForwardedServer
    case xHTTPMethod
    case xHTTPMethodOverride
    case xMethodOverride
    case xOriginalURL
    case xRealIP
    case xRequestID
    case xRewriteURL
    case xUserName
    // Responses.
    case accessControlAllowCredentials
    case accessControlAllowHeaders
    case accessControlAllowMethods
    case accessControlAllowOrigin
    case accessControlExposeHeaders
    case accessControlMaxAge
    case age
    case allow
    case altSvc
    case authenticationInfo
    case cacheControl
    case clearSiteData
    case contentDisposition
    case contentEncoding
    case contentLanguage
    case contentLocation
    case contentRange
    case contentType
    case date
    case deprecation
    case etag
    case expires
    case grpcMessage
    case grpcStatus
    case grpcTimeout
    case lastModified
    case link
    case location
    case pragma
    case retryAfter
    case secWebSocketAccept
    case server
    case serviceWorkerAllowed
    case setCookie
    case setCookie2
    case strictTransportSecurity
    case sunset
    case vary
    case wwwAuthenticate

    /// Whether the field is for one connection only and never forwarded, whatever `Connection` says (RFC 9110 §7.6.1).
    @inlinable
    package var isHopByHop: Bool { rawValue &- FieldName.connection.rawValue <= Self.lastHopByHop }

    @usableFromInline static let lastHopByHop = FieldName.http2Settings.rawValue - FieldName.connection.rawValue
}

extension FieldName {
    /// The name with this spelling in any case.
    package init(_ spelling: UnsafeRawBufferPointer) {
        self = FieldNameTable.shared.scan(spelling).name
    }

    /// The usual spelling, such as `Content-Length`; empty for `other`.
    package var spelling: StaticString {
        switch self {
        case .other: ""
        case .host: "Host"
        case .contentLength: "Content-Length"
        case .connection: "Connection"
        case .keepAlive: "Keep-Alive"
        case .proxyConnection: "Proxy-Connection"
        case .proxyAuthenticate: "Proxy-Authenticate"
        case .proxyAuthorization: "Proxy-Authorization"
        case .te: "TE"
        case .trailer: "Trailer"
        case .transferEncoding: "Transfer-Encoding"
        case .upgrade: "Upgrade"
        case .http2Settings: "HTTP2-Settings"
        case .accept: "Accept"
        case .acceptEncoding: "Accept-Encoding"
        case .acceptLanguage: "Accept-Language"
        case .accessControlRequestHeaders: "Access-Control-Request-Headers"
        case .accessControlRequestMethod: "Access-Control-Request-Method"
        case .accessControlRequestPrivateNetwork: "Access-Control-Request-Private-Network"
        case .authorization: "Authorization"
        case .cookie: "Cookie"
        case .expect: "Expect"
        case .forwarded: "Forwarded"
        case .ifMatch: "If-Match"
        case .ifModifiedSince: "If-Modified-Since"
        case .ifNoneMatch: "If-None-Match"
        case .ifRange: "If-Range"
        case .ifUnmodifiedSince: "If-Unmodified-Since"
        case .maxForwards: "Max-Forwards"
        case .origin: "Origin"
        case .proxy: "Proxy"
        case .range: "Range"
        case .referer: "Referer"
        case .secFetchDest: "Sec-Fetch-Dest"
        case .secFetchMode: "Sec-Fetch-Mode"
        case .secFetchSite: "Sec-Fetch-Site"
        case .secFetchUser: "Sec-Fetch-User"
        case .secWebSocketExtensions: "Sec-WebSocket-Extensions"
        case .secWebSocketKey: "Sec-WebSocket-Key"
        case .secWebSocketProtocol: "Sec-WebSocket-Protocol"
        case .secWebSocketVersion: "Sec-WebSocket-Version"
        case .traceparent: "traceparent"
        case .tracestate: "tracestate"
        case .userAgent: "User-Agent"
        case .via: "Via"
        case .xClientID: "X-Client-Id"
        case .xForwardedFor: "X-Forwarded-For"
        case .xForwardedHost: "X-Forwarded-Host"
        case .xForwardedPort: "X-Forwarded-Port"
        case .xForwardedPrefix: "X-Forwarded-Prefix"
        case .xForwardedProto: "X-Forwarded-Proto"
        case .xForwardedServer: "X-Forwarded-Server"
        case .xHTTPMethod: "X-HTTP-Method"
        case .xHTTPMethodOverride: "X-HTTP-Method-Override"
        case .xMethodOverride: "X-Method-Override"
        case .xOriginalURL: "X-Original-URL"
        case .xRealIP: "X-Real-IP"
        case .xRequestID: "X-Request-Id"
        case .xRewriteURL: "X-Rewrite-URL"
        case .xUserName: "X-User-Name"
        case .accessControlAllowCredentials: "Access-Control-Allow-Credentials"
        case .accessControlAllowHeaders: "Access-Control-Allow-Headers"
        case .accessControlAllowMethods: "Access-Control-Allow-Methods"
        case .accessControlAllowOrigin: "Access-Control-Allow-Origin"
        case .accessControlExposeHeaders: "Access-Control-Expose-Headers"
        case .accessControlMaxAge: "Access-Control-Max-Age"
        case .age: "Age"
        case .allow: "Allow"
        case .altSvc: "Alt-Svc"
        case .authenticationInfo: "Authentication-Info"
        case .cacheControl: "Cache-Control"
        case .clearSiteData: "Clear-Site-Data"
        case .contentDisposition: "Content-Disposition"
        case .contentEncoding: "Content-Encoding"
        case .contentLanguage: "Content-Language"
        case .contentLocation: "Content-Location"
        case .contentRange: "Content-Range"
        case .contentType: "Content-Type"
        case .date: "Date"
        case .deprecation: "Deprecation"
        case .etag: "ETag"
        case .expires: "Expires"
        case .grpcMessage: "grpc-message"
        case .grpcStatus: "grpc-status"
        case .grpcTimeout: "grpc-timeout"
        case .lastModified: "Last-Modified"
        case .link: "Link"
        case .location: "Location"
        case .pragma: "Pragma"
        case .retryAfter: "Retry-After"
        case .secWebSocketAccept: "Sec-WebSocket-Accept"
        case .server: "Server"
        case .serviceWorkerAllowed: "Service-Worker-Allowed"
        case .setCookie: "Set-Cookie"
        case .setCookie2: "Set-Cookie2"
        case .strictTransportSecurity: "Strict-Transport-Security"
        case .sunset: "Sunset"
        case .vary: "Vary"
        case .wwwAuthenticate: "WWW-Authenticate"
        }
    }
}
