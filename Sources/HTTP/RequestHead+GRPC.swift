import Bytes

extension RequestHead {
    /// Whether this is a gRPC call: the content is `application/grpc`, alone or followed by `+proto`, `;…` and the like.
    ///
    /// gRPC over HTTP/2 calls these the content-subtype and parameters; `application/grpc-web` is something else.
    package var isGRPC: Bool { hasContent("application/grpc") }

    /// Whether this is a gRPC-Web call, in which trailers are a part of the body.
    package var isGRPCWeb: Bool { hasContent("application/grpc-web") || hasContent("application/grpc-web-text") }

    private func hasContent(_ prefix: StaticString) -> Bool {
        guard let type = value(of: .contentType) else { return false }
        guard type.count >= prefix.utf8CodeUnitCount,
            type.slice(0..<prefix.utf8CodeUnitCount).equalsIgnoringCase(prefix)
        else { return false }
        guard type.count > prefix.utf8CodeUnitCount else { return true }
        return "+; \t".utf8.contains(type[prefix.utf8CodeUnitCount])
    }
}

extension FieldList {
    /// The status of a gRPC call among the fields of a head or of trailers; nil without one that is a small number.
    package var grpcStatus: Int? {
        guard let value = value(of: .grpcStatus), (1...3).contains(value.count) else { return nil }
        var status = 0
        for digit in value {
            guard ASCII.isDigit(digit) else { return nil }
            status = status * 10 + Int(digit & 15)
        }
        return status
    }
}
