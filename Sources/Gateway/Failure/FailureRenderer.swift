import Bytes
import HTTP

/// What a failure is about, as far as it is known.
package struct FailureContext {
    /// The request; empty after `reset()` if it could not be read.
    package let head: RequestHead
    package let route: Route?
    package let cors: CORSPolicy?
    package let requestID: RequestID
    /// Seconds since 1970.
    package let unixTime: Int64

    package init(
        _ head: RequestHead,
        route: Route?,
        cors: CORSPolicy? = nil,
        requestID: RequestID,
        unixTime: Int64
    ) {
        self.head = head
        self.route = route
        self.cors = cors ?? route?.cors
        self.requestID = requestID
        self.unixTime = unixTime
    }
}

/// Turns failures into responses.
package struct FailureRenderer: Sendable {
    private let page: FailurePage
    /// The challenge where no route is known.
    private let challenge: BearerChallenge

    package init(_ definition: GatewayDefinition) {
        page = FailurePage(
            productName: definition.productName,
            issuerHost: FailureRenderer.host(of: definition.issuer)
        )
        challenge = BearerChallenge(realm: definition.issuer, resource: definition.issuer)
    }

    /// Appends the fields, without those of the framing, and the body of the response to a failure.
    ///
    /// - Returns: the status of the response; 200 for gRPC, whose own status is a field.
    package func render(
        _ failure: GatewayFailure,
        _ context: FailureContext,
        fields: inout FieldBlock,
        body: inout ByteBuffer
    ) -> Int {
        let format = FailureFormat(context.head)
        let detail = failure.detail(context.route)
        switch format {
        case .problem:
            fields.append(name: "Content-Type", value: "application/problem+json")
            writeProblem(failure, detail, context, into: &body)
        case .page:
            fields.append(name: "Content-Type", value: "text/html; charset=utf-8")
            fields.append(name: "Content-Security-Policy", value: FailurePage.contentSecurityPolicy)
            fields.append(name: "Referrer-Policy", value: "no-referrer")
            context.requestID.withBytes { requestID in
                page.write(
                    status: failure.status,
                    detail: detail,
                    requestID: requestID,
                    unixTime: context.unixTime,
                    into: &body
                )
            }
        case .grpc:
            fields.append(name: "Content-Type", value: "application/grpc")
            FailureRenderer.appendStatus(failure, context.route, to: &fields)
        case .grpcWeb:
            if let type = context.head.value(of: .contentType) {
                let end = type.firstOffset(of: UInt8(ascii: ";")) ?? type.count
                fields.append(name: "Content-Type", value: type.slice(0..<end).trimmed)
            }
            FailureRenderer.appendStatus(failure, context.route, to: &fields)
        }
        appendFields(failure, context, exposesGRPC: format == .grpcWeb, to: &fields)
        return format.isGRPC ? 200 : failure.status
    }

    /// Appends what tells a gRPC client of a failure: in a head that is the whole response, or in trailers.
    static func appendStatus(_ failure: GatewayFailure, _ route: Route?, to fields: inout FieldBlock) {
        fields.append(name: "grpc-status", decimal: failure.grpcStatus)
        fields.append(name: "grpc-message", value: PercentEncoding.encodeFieldValue(failure.detail(route)))
    }

    private func appendFields(
        _ failure: GatewayFailure,
        _ context: FailureContext,
        exposesGRPC: Bool,
        to fields: inout FieldBlock
    ) {
        fields.append(name: "Cache-Control", value: "no-store")
        fields.append(name: "X-Content-Type-Options", value: "nosniff")
        ResponseFieldPolicy.appendRequestID(context.requestID, to: &fields)
        if failure.isChallenge {
            appendChallenge(failure, context.route, to: &fields)
        }
        if case .methodNotAllowed(let allow) = failure {
            fields.append(name: "Allow", value: allow)
        }
        if let seconds = failure.retryAfter {
            fields.append(name: "Retry-After", decimal: seconds)
        }
        context.cors?.write(for: context.head.value(of: .origin), exposesGRPC: exposesGRPC, into: &fields)
    }

    /// RFC 6750 §3.
    private func appendChallenge(_ failure: GatewayFailure, _ route: Route?, to fields: inout FieldBlock) {
        let challenge = route?.challenge ?? challenge
        guard let error = failure.bearerError else {
            fields.append(name: "WWW-Authenticate", value: challenge.missing)
            return
        }
        let value = challenge.value(error: String(describing: error), description: failure.errorDescription(route))
        fields.append(name: "WWW-Authenticate", value: value)
    }

    /// RFC 9457 §3; without a `type` it is `about:blank`, whose title is the status phrase (§4.2.1).
    private func writeProblem(
        _ failure: GatewayFailure,
        _ detail: String,
        _ context: FailureContext,
        into body: inout ByteBuffer
    ) {
        body.append("{\"status\":")
        body.append(decimal: failure.status)
        body.append(",\"title\":\"")
        body.append(StatusCode.reasonPhrase(failure.status))
        body.append("\",\"detail\":\"")
        body.appendJSONText(detail)
        body.append("\",\"request_id\":\"")
        context.requestID.append(to: &body)
        body.append("\"}\n")
    }

    /// The authority in the issuer's URL.
    private static func host(of issuer: String) -> String {
        let rest = issuer.firstRange(of: "://").map { issuer[$0.upperBound...] } ?? issuer[...]
        return String(rest.prefix { $0 != "/" && $0 != "?" })
    }
}

extension GatewayFailure {
    /// The status for gRPC clients.
    ///
    /// What "HTTP to gRPC Status Code Mapping" in its documentation knows is as there. Beyond that: what is too large is
    /// RESOURCE_EXHAUSTED and a time-out of ours DEADLINE_EXCEEDED, as in the libraries; and a path that takes no POST has no
    /// method to call.
    package var grpcStatus: Int {
        switch status {
        case 400: 13
        case 401: 16
        case 403: 7
        case 404, 405: 12
        case 408: 4
        case 413, 414, 431: 8
        case 429, 502, 503, 504: 14
        default: 2
        }
    }
}

extension ByteBuffer {
    /// Appends text as the inside of a JSON string (RFC 8259 §7).
    fileprivate mutating func appendJSONText(_ text: String) {
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                append(byte: UInt8(ascii: "\\"))
                append(byte: byte)
            } else if byte < 0x20 {
                append("\\u00")
                append(byte: PercentEncoding.upperHexadecimal(byte >> 4))
                append(byte: PercentEncoding.upperHexadecimal(byte & 15))
            } else {
                append(byte: byte)
            }
        }
    }
}
