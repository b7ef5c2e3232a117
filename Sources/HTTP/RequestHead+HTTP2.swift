import Bytes

// HTTP/2 hands over a request field by field. What is checked of it here is what HTTP/1 requests are checked for, with
// the differences of RFC 9113 §8; that names are in lower case and pseudo-fields complete is checked where frames are read.

extension RequestHead {
    /// Starts a request of HTTP/2, in a head fresh from `reset()`, with the values of its pseudo-fields (RFC 9113 §8.3.1).
    ///
    /// `target` is empty for a CONNECT without `:protocol`, which is `connectProtocol`.
    package func begin(
        method: UnsafeRawBufferPointer,
        target: UnsafeRawBufferPointer,
        authority: UnsafeRawBufferPointer?,
        connectProtocol: UnsafeRawBufferPointer? = nil,
        limits: HTTPLimits
    ) throws(HTTPParseError) {
        guard FieldSyntax.isToken(method) else { throw .malformedRequestLine }
        guard method.count <= HTTPLimits.methodSize else { throw .methodTooLong }
        guard target.count <= limits.targetSize else { throw .targetTooLong }
        line.majorVersion = 2
        line.minorVersion = 0
        line.methodSpan = ByteSpan(offset: fields.copy(method), count: method.count)
        line.method = HTTPMethod(method)
        let span = ByteSpan(offset: fields.copy(target), count: target.count)
        line.target = span
        if let connectProtocol {
            // RFC 8441 §4: of CONNECT only; it names a protocol, which is a token (RFC 9110 §7.8).
            guard line.method == .connect, !target.isEmpty, FieldSyntax.isToken(connectProtocol) else {
                throw .malformedRequestLine
            }
            line.connectProtocol = ByteSpan(offset: fields.copy(connectProtocol), count: connectProtocol.count)
        }
        if target.isEmpty {
            guard line.method == .connect else { throw .malformedTarget }
            line.form = .authority
        } else {
            let first = target[0]
            guard first == UInt8(ascii: "/") || first == UInt8(ascii: "*") else { throw .malformedTarget }
            // An extended CONNECT has a path like any other request (RFC 8441 §4).
            line.set(try RequestTarget(span, method: line.method, in: fields))
        }
        if let authority {
            line.authority = ByteSpan(offset: fields.copy(authority), count: authority.count)
        }
    }

    /// Adds a field that is not a pseudo-field.
    package func append(
        name: UnsafeRawBufferPointer,
        value: UnsafeRawBufferPointer,
        limits: HTTPLimits
    ) throws(HTTPParseError) {
        guard fields.count < limits.headerCount else { throw .tooManyFields }
        guard fields.used + name.count + value.count <= limits.targetSize + limits.headerSize else {
            throw .fieldsTooLarge
        }
        try fields.append(name: name, value: value)
    }

    /// Checks the fields of an HTTP/2 request against each other; `isComplete` says that no body follows.
    package func finish(isComplete: Bool) throws(HTTPParseError) {
        try refuseConnectionFields()
        var semantics = RequestSemantics()
        try readAuthority(into: &semantics)
        semantics.keepsAlive = true
        semantics.expectsContinue = fields.contains(.expect) && fields.hasToken(.expect, "100-continue")
        let length = try fields.framing(minorVersion: 1, allowsRepeatedLength: false)
        if line.method == .connect {
            // RFC 9110 §9.3.6: what follows the head is meant for a tunnel, and is no content.
            guard length == nil || line.connectProtocol == nil else { throw .invalidContentLength }
            semantics.framing = .none
        } else if isComplete {
            // RFC 9113 §8.1.1: the length must be that of the data.
            if let length, length != .length(0) { throw .contentLengthMismatch }
            semantics.framing = .none
        } else {
            semantics.framing = length == .length(0) ? .none : length ?? .chunked
        }
        self.semantics = semantics
    }

    /// RFC 9113 §8.2.2.
    private func refuseConnectionFields() throws(HTTPParseError) {
        for name: FieldName in [.connection, .proxyConnection, .keepAlive, .transferEncoding, .upgrade]
        where fields.contains(name) {
            throw .connectionSpecificField
        }
        var next = fields.firstIndex(of: .te)
        while let index = next {
            guard fields.value(index).equalsIgnoringCase("trailers") else { throw .connectionSpecificField }
            next = fields.firstIndex(of: .te, from: index + 1)
        }
    }
}
