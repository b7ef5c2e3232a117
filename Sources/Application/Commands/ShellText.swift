import Bytes
import Configuration

/// Text for command lines that people paste.
enum ShellText {
    /// A text as a shell takes it for one word.
    static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || "/._-+:@%".utf8.contains($0) }
        if isPlain, !text.isEmpty { return text }
        return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}

/// How curl is told to trust the gateway's certificate.
struct CertificateTrust {
    /// Nil where it can know that by itself.
    let option: String?

    init(_ configuration: GatewayConfiguration) {
        guard configuration.listeners.contains(where: { $0.tls?.isSelfSigned == true }) else {
            option = nil
            return
        }
        option =
            configuration.storage.folder.map { "--cacert " + ShellText.quoted($0 + "/tls/certificate.pem") }
            ?? "--insecure"
    }
}
