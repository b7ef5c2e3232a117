import COpenSSL

enum OpenSSLError {
    /// The reason of the oldest error of this thread, and the queue emptied.
    static func take() -> String {
        let code = ERR_get_error()
        ERR_clear_error()
        guard code != 0, let reason = ERR_reason_error_string(code) else { return "unknown" }
        return String(cString: reason)
    }
}
