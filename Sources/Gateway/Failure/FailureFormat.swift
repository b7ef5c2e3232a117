import Bytes
import HTTP

/// The form in which a client can read a failure.
package enum FailureFormat: Sendable, Equatable {
    /// `application/problem+json` (RFC 9457).
    case problem
    /// A page for a person.
    case page
    /// `grpc-status` in a response without a body.
    case grpc
    /// The same with the content type of gRPC-Web, which knows a response without a body too.
    case grpcWeb

    /// What a request asks for; a head that could not be read to its end asks for a problem.
    package init(_ head: RequestHead) {
        // The answer to a failure of gRPC is a 200, which would open a tunnel (RFC 8441 §5).
        if head.isGRPC, head.connectProtocol == nil {
            self = .grpc
        } else if head.isGRPCWeb, head.connectProtocol == nil {
            self = .grpcWeb
        } else if let mode = head.value(of: .secFetchMode) {
            self = mode.equalsIgnoringCase("navigate") ? .page : .problem
        } else if head.fields.contains(.secFetchSite) || head.fields.contains(.secFetchDest) {
            self = .problem
        } else {
            self = FailureFormat.prefersHTML(head) ? .page : .problem
        }
    }

    /// Whether the status is that of gRPC, in fields of its own.
    package var isGRPC: Bool { self == .grpc || self == .grpcWeb }

    /// Whether `Accept` names HTML and names JSON less or not at all (RFC 9110 §12.5.1).
    ///
    /// `*/*` names neither: that is what programs send.
    private static func prefersHTML(_ head: RequestHead) -> Bool {
        var html = 0
        var json = 0
        var next = head.fields.firstIndex(of: .accept)
        while let index = next {
            for range in FieldTokens(head.value(index)) {
                let end = range.firstOffset(of: UInt8(ascii: ";")) ?? range.count
                let type = range.slice(0..<end).trimmed
                let weight = quality(range.slice(end..<range.count))
                if type.equalsIgnoringCase("text/html") || type.equalsIgnoringCase("application/xhtml+xml") {
                    html = max(html, weight)
                } else if type.equalsIgnoringCase("application/json")
                    || type.equalsIgnoringCase("application/problem+json")
                {
                    json = max(json, weight)
                }
            }
            next = head.fields.firstIndex(of: .accept, from: index + 1)
        }
        return html > json
    }

    /// The weight among parameters in thousandths (RFC 9110 §12.4.2); one that is malformed counts as none.
    private static func quality(_ parameters: UnsafeRawBufferPointer) -> Int {
        var start = 0
        while start < parameters.count {
            let end = parameters.firstOffset(of: UInt8(ascii: ";"), from: start + 1) ?? parameters.count
            let parameter = parameters.slice(start + 1..<end).trimmed
            if parameter.count >= 2, parameter.slice(0..<2).equalsIgnoringCase("q=") {
                return thousandths(parameter.slice(2..<parameter.count))
            }
            start = end
        }
        return 1000
    }

    private static func thousandths(_ value: UnsafeRawBufferPointer) -> Int {
        guard let whole = value.first, whole == UInt8(ascii: "0") || whole == UInt8(ascii: "1"), value.count <= 5 else {
            return 0
        }
        var result = Int(whole - UInt8(ascii: "0")) * 1000
        guard value.count > 1 else { return result }
        guard value[1] == UInt8(ascii: ".") else { return 0 }
        var place = 100
        for digit in value.slice(2..<value.count) {
            guard ASCII.isDigit(digit) else { return 0 }
            result += Int(digit - UInt8(ascii: "0")) * place
            place /= 10
        }
        return min(result, 1000)
    }
}
