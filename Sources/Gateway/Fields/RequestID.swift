import Bytes
import Crypto
import HTTP

/// Names one request in logs, in the response and upstream; with it come the numbers of a new trace.
package struct RequestID: Sendable {
    private let high: UInt64
    private let low: UInt64
    private let spanNumber: UInt64
    /// What a trusted proxy had called the request.
    private let given: [UInt8]?

    fileprivate init(high: UInt64, low: UInt64, spanNumber: UInt64, given: [UInt8]?) {
        self.high = high
        // Numbers of all zeros are invalid (Trace Context §3.2.2).
        self.low = max(low, 1)
        self.spanNumber = max(spanNumber, 1)
        self.given = given
    }

    /// Appends the id: 32 hexadecimal digits, unless a trusted proxy gave another.
    package func append(to buffer: inout ByteBuffer) {
        if let given { buffer.append(bytes: given) } else { appendTraceID(to: &buffer) }
    }

    /// The id as text, for logs and pages.
    package var text: String { withBytes { $0.text } }

    /// Calls the function with the bytes of the id.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        if let given { return given.withUnsafeBytes(body) }
        return withUnsafeTemporaryAllocation(byteCount: 32, alignment: 1) { buffer in
            RequestID.writeHexadecimal(high, into: buffer, at: 0)
            RequestID.writeHexadecimal(low, into: buffer, at: 16)
            return body(UnsafeRawBufferPointer(buffer))
        }
    }

    /// Appends the `traceparent` of a trace that starts here, not sampled (Trace Context §3.2).
    func appendTraceparent(to buffer: inout ByteBuffer) {
        buffer.append("00-")
        appendTraceID(to: &buffer)
        buffer.append(byte: UInt8(ascii: "-"))
        RequestID.append(hexadecimal: spanNumber, to: &buffer)
        buffer.append("-00")
    }

    private func appendTraceID(to buffer: inout ByteBuffer) {
        RequestID.append(hexadecimal: high, to: &buffer)
        RequestID.append(hexadecimal: low, to: &buffer)
    }

    private static func append(hexadecimal number: UInt64, to buffer: inout ByteBuffer) {
        buffer.reserve(16)
        writeHexadecimal(number, into: buffer.writableBytes, at: 0)
        buffer.didWrite(16)
    }

    private static func writeHexadecimal(_ number: UInt64, into buffer: UnsafeMutableRawBufferPointer, at start: Int) {
        var rest = number
        for index in 0..<16 {
            rest = rest << 4 | rest >> 60
            let digit = UInt8(rest & 15)
            buffer[start &+ index] = digit < 10 ? 0x30 &+ digit : 0x57 &+ digit
        }
    }
}

/// Confined to its event loop: gives out request ids from random bytes that it fetches in batches.
package final class RequestIDGenerator {
    private let numbers: UnsafeMutableBufferPointer<UInt64>
    private var used: Int

    package init() {
        numbers = .allocate(capacity: 3 * 128)
        numbers.initialize(repeating: 0)
        used = numbers.count
    }

    deinit {
        numbers.deallocate()
    }

    /// The id of a request: that of a trusted proxy if it is well-formed, else a new one.
    package func next(for head: RequestHead, isFromTrustedProxy: Bool) -> RequestID {
        if used == numbers.count {
            SecureRandom.fill(UnsafeMutableRawBufferPointer(numbers))
            used = 0
        }
        defer { used += 3 }
        return RequestID(
            high: numbers[used],
            low: numbers[used + 1],
            spanNumber: numbers[used + 2],
            given: isFromTrustedProxy ? RequestIDGenerator.given(head) : nil
        )
    }

    /// One `X-Request-Id` of up to 128 bytes that nothing on the way could read as something else.
    private static func given(_ head: RequestHead) -> [UInt8]? {
        guard head.count(of: .xRequestID) == 1, let value = head.value(of: .xRequestID), !value.isEmpty,
            value.count <= 128
        else { return nil }
        let isPlain = value.allSatisfy { byte in
            ASCII.isLetter(byte) || ASCII.isDigit(byte) || "-_.:/+=@".utf8.contains(byte)
        }
        return isPlain ? Array(value) : nil
    }
}

@available(*, unavailable)
extension RequestIDGenerator: Sendable {}
