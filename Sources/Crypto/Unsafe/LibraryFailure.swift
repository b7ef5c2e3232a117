import COpenSSL

extension CryptoError {
    /// The failure that OpenSSL reported last on this thread; leaves its error queue empty.
    ///
    /// An entry left behind would be taken for a failure of the next TLS connection on this thread.
    static func fromLibrary(_ operation: StaticString) -> CryptoError {
        let code = ERR_peek_last_error()
        ERR_clear_error()
        return .libraryFailure(operation: operation.description, code: UInt(code))
    }
}
