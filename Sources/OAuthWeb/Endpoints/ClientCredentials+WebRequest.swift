import Bytes
import OAuthServer

extension ClientCredentials {
    /// Which client a request says it is from, and how it proves that (RFC 6749 §2.3).
    ///
    /// - Throws: `invalid_client` for credentials that can't be read, `invalid_request` for two kinds at once.
    init(_ request: WebRequest) throws(OAuthError) {
        let form = RequestParameters(request.form.pairs)
        try form.checkNotRepeated()
        try Self.checkQuery(request)
        // RFC 7521 §4.2; `private_key_jwt` comes later.
        guard form["client_assertion"] == nil, form["client_assertion_type"] == nil else {
            throw OAuthError(
                .invalidClient,
                "Client assertions are not supported.",
                reason: .wrongAuthenticationMethod
            )
        }
        guard request.authorization.count <= 1 else {
            throw OAuthError(
                .invalidRequest,
                "There is more than one Authorization field.",
                reason: .malformedRequest
            )
        }
        guard let field = request.authorization.first else {
            self = try Self.fromForm(form)
            return
        }
        let (id, secret) = try Self.basic(field)
        // RFC 6749 §2.3: not more than one method in a request.
        guard form["client_secret"] == nil else {
            throw OAuthError(
                .invalidRequest,
                "The client authenticates in two ways at once.",
                reason: .malformedRequest
            )
        }
        guard form["client_id"].map({ $0.utf8.elementsEqual(id.utf8) }) ?? true else {
            throw OAuthError(.invalidRequest, "There are two different client_ids.", reason: .malformedRequest)
        }
        self = .basic(id: id, secret: secret)
    }

    private static func fromForm(_ form: RequestParameters) throws(OAuthError) -> ClientCredentials {
        guard let id = form["client_id"] else {
            throw OAuthError(.invalidClient, "There is no client_id.", reason: .unknownClient)
        }
        return form["client_secret"].map { .post(id: id, secret: $0) } ?? .none(id: id)
    }

    /// RFC 6749 §2.3.1: never in the request URI, which ends up in logs.
    private static func checkQuery(_ request: WebRequest) throws(OAuthError) {
        let secrets: Set<String> = [
            "client_id", "client_secret", "client_assertion", "code", "code_verifier", "grant_type", "refresh_token",
            "token",
        ]
        guard request.query.pairs.contains(where: { secrets.contains($0.name) }) else { return }
        throw OAuthError(.invalidRequest, "Parameters belong in the body, not in the URL.", reason: .malformedRequest)
    }

    /// RFC 7617 §2, with both parts form-encoded before (RFC 6749 §2.3.1).
    private static func basic(_ field: String) throws(OAuthError) -> (id: String, secret: String) {
        let malformed = OAuthError(
            .invalidClient,
            "The Authorization field holds no Basic credentials.",
            reason: .wrongAuthenticationMethod
        )
        let bytes = Array(field.utf8)
        guard bytes.count > 6, String(decoding: bytes.prefix(6), as: UTF8.self).lowercased() == "basic " else {
            throw malformed
        }
        guard let decoded = base64(bytes.dropFirst(6).drop { $0 == UInt8(ascii: " ") }),
            let colon = decoded.firstIndex(of: UInt8(ascii: ":"))
        else { throw malformed }
        do throws(FormParameters.Fault) {
            return (try formDecoded(decoded[..<colon]), try formDecoded(decoded[(colon + 1)...]))
        } catch {
            throw malformed
        }
    }

    private static func formDecoded(_ bytes: ArraySlice<UInt8>) throws(FormParameters.Fault) -> String {
        let result: Result<String, FormParameters.Fault> = bytes.withUnsafeBytes { bytes in
            do throws(FormParameters.Fault) {
                return .success(try FormParameters.decode(bytes))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Base64 with its padding (RFC 4648 §4).
    private static func base64(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard text.count.isMultiple(of: 4) else { return nil }
        let padding = text.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
        var digits = Array(text.dropLast(padding))
        for (index, digit) in digits.enumerated() {
            switch digit {
            case UInt8(ascii: "+"): digits[index] = UInt8(ascii: "-")
            case UInt8(ascii: "/"): digits[index] = UInt8(ascii: "_")
            case UInt8(ascii: "-"), UInt8(ascii: "_"): return nil
            default: break
            }
        }
        return digits.withUnsafeBytes { Base64URL.decode($0) }
    }
}
