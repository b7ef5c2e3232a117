import Bytes
import COpenSSL

/// OpenSSL's input and output over memory that the stream owns: reads come from the bytes that the socket has just
/// given, writes go to the bytes that the batch will send, so a connection at rest holds no buffer.
enum StreamBIO {
    /// Makes the BIO of one stream, which must outlive it.
    static func make(for stream: TLSStream) -> OpaquePointer? {
        guard let method = method.pointer, let bio = BIO_new(method) else { return nil }
        BIO_set_data(bio, Unmanaged.passUnretained(stream).toOpaque())
        BIO_set_init(bio, 1)
        return bio
    }

    /// SAFETY: `@unchecked Sendable`, since a method table does not change once it is filled.
    private struct Method: @unchecked Sendable {
        let pointer: OpaquePointer?
    }

    private static let method: Method = {
        let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "gatehouse stream")
        BIO_meth_set_write(method, writeCallback)
        BIO_meth_set_read(method, readCallback)
        BIO_meth_set_ctrl(method, controlCallback)
        return Method(pointer: method)
    }()

    fileprivate static func stream(of bio: OpaquePointer?) -> TLSStream? {
        guard let bio, let data = BIO_get_data(bio) else { return nil }
        return Unmanaged<TLSStream>.fromOpaque(data).takeUnretainedValue()
    }
}

private let readCallback: @convention(c) (OpaquePointer?, UnsafeMutablePointer<CChar>?, Int32) -> Int32 = {
    bio,
    destination,
    count in
    guard let stream = StreamBIO.stream(of: bio), let destination, count > 0 else { return -1 }
    let taken = stream.takeCiphertext(destination, Int(count))
    if taken > 0 { return Int32(taken) }
    copenssl_retry_read(bio)
    return -1
}

private let writeCallback: @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, Int32) -> Int32 = {
    bio,
    source,
    count in
    guard let stream = StreamBIO.stream(of: bio), let source, count > 0 else { return -1 }
    stream.putCiphertext(UnsafeRawBufferPointer(start: source, count: Int(count)))
    return count
}

private let controlCallback: @convention(c) (OpaquePointer?, Int32, Int, UnsafeMutableRawPointer?) -> Int = {
    _,
    command,
    _,
    _ in
    // Whoever writes asks for a flush after it; there is nothing to do, and nothing else is supported.
    command == BIO_CTRL_FLUSH ? 1 : 0
}
