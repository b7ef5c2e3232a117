import Bytes

// What the fields of a request say together. Every rule here is one that two servers on the way could otherwise read in
// two ways, which is what request smuggling is made of (RFC 9112 §11.2).

extension RequestHead {
    /// Checks the fields of an HTTP/1 request against each other and derives what the request as a whole asks for.
    func finish() throws(HTTPParseError) {
        var semantics = RequestSemantics()
        try readAuthority(into: &semantics)
        let framing = try fields.framing(minorVersion: line.minorVersion, allowsRepeatedLength: false) ?? .none
        semantics.framing = framing == .length(0) ? .none : framing
        let isCurrent = line.minorVersion >= 1
        semantics.keepsAlive = isCurrent
        if fields.contains(.connection) {
            // RFC 9112 §9.3: `close` wins over everything else.
            let closes = fields.hasToken(.connection, "close")
            semantics.keepsAlive = !closes && (isCurrent || fields.hasToken(.connection, "keep-alive"))
            // RFC 9110 §7.8: an Upgrade in HTTP/1.0 is ignored, and so may be one that has a body to be read first.
            semantics.isUpgrade =
                isCurrent && semantics.framing == .none && fields.contains(.upgrade)
                && fields.hasToken(.connection, "upgrade")
        }
        if line.method == .connect {
            // RFC 9110 §9.3.6: what follows the head is meant for a tunnel, not a body nor another request.
            semantics.framing = .none
            semantics.keepsAlive = false
        }
        if isCurrent, fields.contains(.expect) {
            semantics.expectsContinue = fields.hasToken(.expect, "100-continue")
        }
        self.semantics = semantics
    }

    /// RFC 9112 §3.2: one valid Host, which an absolute-form target, or `:authority` (RFC 9113 §8.3.1), repeats.
    func readAuthority(into semantics: inout RequestSemantics) throws(HTTPParseError) {
        guard let index = fields.firstIndex(of: .host) else {
            if line.majorVersion == 1, line.minorVersion >= 1 { throw .missingHost }
            if let named = line.authority {
                guard let authority = Authority(fields.bytes(named)) else { throw .invalidHost }
                setAuthority(named, authority, in: &semantics)
            } else if line.majorVersion == 2 {
                throw .missingHost
            }
            return
        }
        if fields.firstIndex(of: .host, from: index + 1) != nil { throw .repeatedHost }
        guard let authority = Authority(fields.value(index)) else { throw .invalidHost }
        if let named = line.authority { try compare(named, to: authority, at: index) }
        let entry = fields.entry(index)
        let span = ByteSpan(offset: Int(entry.valueOffset), count: Int(entry.valueCount))
        setAuthority(span, authority, in: &semantics)
    }

    private func compare(_ named: ByteSpan, to host: Authority, at index: Int) throws(HTTPParseError) {
        let namedBytes = fields.bytes(named)
        guard let authority = Authority(namedBytes) else { throw .invalidHost }
        let hostBytes = fields.value(index)
        guard authority.hostCount == host.hostCount,
            authority.port ?? line.defaultPort == host.port ?? line.defaultPort
        else { throw .differingAuthority }
        for offset in 0..<host.hostCount
        where ASCII.lowercased(namedBytes[offset]) != ASCII.lowercased(hostBytes[offset]) {
            throw .differingAuthority
        }
    }

    /// Takes over an authority; a host with upper-case letters is copied in lower case.
    private func setAuthority(_ span: ByteSpan, _ authority: Authority, in semantics: inout RequestSemantics) {
        semantics.authority = span
        semantics.port = authority.port
        semantics.host = ByteSpan(offset: Int(span.offset), count: authority.hostCount)
        let host = fields.bytes(semantics.host)
        guard host.contains(where: { ASCII.lowercased($0) != $0 }) else { return }
        fields.reserve(authority.hostCount)
        let source = fields.base + Int(span.offset)
        let target = fields.base + fields.used
        for offset in 0..<authority.hostCount {
            let byte = source.load(fromByteOffset: offset, as: UInt8.self)
            target.storeBytes(of: ASCII.lowercased(byte), toByteOffset: offset, as: UInt8.self)
        }
        semantics.host = ByteSpan(offset: fields.used, count: authority.hostCount)
        fields.used += authority.hostCount
    }
}

extension FieldList {
    /// The framing that Content-Length and Transfer-Encoding ask for, or nil if neither is there (RFC 9112 §6).
    ///
    /// Where repeats are allowed they must all be the same (RFC 9110 §8.6).
    func framing(minorVersion: UInt8, allowsRepeatedLength: Bool) throws(HTTPParseError) -> BodyFraming? {
        if let index = firstIndex(of: .transferEncoding) {
            // RFC 9112 §6.1: both together are an attack or a fault, and HTTP/1.0 has no transfer codings.
            if contains(.contentLength) { throw .lengthAndTransferEncoding }
            guard minorVersion >= 1,
                value(index).equalsIgnoringCase("chunked"),
                firstIndex(of: .transferEncoding, from: index + 1) == nil
            else { throw .unsupportedTransferEncoding }
            return .chunked
        }
        guard var index = firstIndex(of: .contentLength) else { return nil }
        guard let length = Self.length(value(index)) else { throw .invalidContentLength }
        while let next = firstIndex(of: .contentLength, from: index + 1) {
            guard allowsRepeatedLength, Self.length(value(next)) == length else { throw .repeatedContentLength }
            index = next
        }
        return .length(length)
    }

    /// The number that one or more decimal digits and nothing else make, up to `Int64.max` (RFC 9110 §8.6).
    private static func length(_ value: UnsafeRawBufferPointer) -> UInt64? {
        guard !value.isEmpty else { return nil }
        var length: UInt64 = 0
        for byte in value {
            guard ASCII.isDigit(byte) else { return nil }
            let digit = UInt64(byte &- 0x30)
            guard length <= (UInt64(Int64.max) - digit) / 10 else { return nil }
            length = length * 10 + digit
        }
        return length
    }
}
