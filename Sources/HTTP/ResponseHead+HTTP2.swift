import Bytes

// HTTP/2 hands over a response field by field, as it does requests.

extension ResponseHead {
    /// Adds a field of an HTTP/2 response, in a head fresh from `reset()`; `:status` too (RFC 9113 §8.3.2).
    ///
    /// - Throws: The first fault; the response is malformed (RFC 9113 §8.1.1).
    package func append(
        name: UnsafeRawBufferPointer,
        value: UnsafeRawBufferPointer,
        limits: HTTPLimits
    ) throws(HTTPParseError) {
        guard name.first != UInt8(ascii: ":") else { return try readStatus(name, value) }
        // RFC 9113 §8.3: pseudo-fields come first.
        guard status != 0 else { throw .malformedStatusLine }
        try fields.appendMultiplexed(name: name, value: value, limits: limits)
    }

    /// Checks the fields of an HTTP/2 response to a request with this method against each other.
    ///
    /// - Parameter isComplete: Whether no body follows.
    package func finish(method: HTTPMethod, isComplete: Bool) throws(HTTPParseError) {
        guard status != 0 else { throw .malformedStatusLine }
        // RFC 9113 §8.6: there is no 101; RFC 9110 §15.2: after another 1xx the final response follows.
        guard status >= 200 || status != 101 && !isComplete else { throw .malformedStatusLine }
        keepsAlive = true
        let length = try fields.framing(minorVersion: 1, allowsRepeatedLength: true)
        declaredFraming = length ?? .chunked
        guard isComplete else { return }
        declaredFraming = length
        // What a response to HEAD or a 304 says is the length of another response.
        guard framing(for: method) != .none else { return }
        // RFC 9113 §8.1.1: the length must be that of the data.
        guard length == nil else { throw .invalidContentLength }
        declaredFraming = BodyFraming.none
    }

    private func readStatus(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(HTTPParseError) {
        guard name.equals(":status"), fields.isEmpty, status == 0, value.count == 3 else { throw .malformedStatusLine }
        var number = 0
        for byte in value {
            guard ASCII.isDigit(byte) else { throw .malformedStatusLine }
            number = number * 10 + Int(byte - 0x30)
        }
        guard number >= 100 else { throw .malformedStatusLine }
        status = number
    }
}

extension FieldList {
    /// Adds a copy of a field of HTTP/2 that is no pseudo-field: of a response, or a trailer of either side.
    ///
    /// Of the limits, those on the size and the number of fields count.
    package func appendMultiplexed(
        name: UnsafeRawBufferPointer,
        value: UnsafeRawBufferPointer,
        limits: HTTPLimits
    ) throws(HTTPParseError) {
        guard count < limits.headerCount else { throw .tooManyFields }
        guard used + name.count + value.count + 4 * (count + 1) <= limits.headerSize else { throw .fieldsTooLarge }
        // RFC 9113 §8.2.1: names are in lower case.
        for byte in name where byte &- 0x41 < 26 { throw .invalidFieldName }
        try append(name: name, value: value)
        switch fieldName(count - 1) {
        // RFC 9113 §8.2.2.
        case .connection, .proxyConnection, .keepAlive, .transferEncoding, .upgrade: throw .connectionSpecificField
        default: break
        }
    }
}
