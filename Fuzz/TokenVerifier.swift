// uses: Locking Bytes JSON Crypto JWT
import Bytes
import Crypto
import JSON
import JWT

// The input is a token; or, if it starts with `!`, a header and claims parted by a zero byte, which are then signed here,
// so that what follows the signature check is reached too. Properties: only what is signed is accepted, with claims that
// say so; and no other spelling of an accepted token is accepted.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTokenVerifier(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: count)
    guard input.first == UInt8(ascii: "!") else {
        require(withExactCopy(input, accepted) == nil, "a token that nobody signed is accepted")
        return 0
    }
    let parts = input.dropFirst().split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return 0 }
    let token = signed(header: Array(parts[0]), claims: Array(parts[1]))
    guard let verified = token.withUnsafeBytes({ withExactCopy($0, accepted) }) else { return 0 }
    require(
        verified.issuer == TestIssuer.name && verified.expiresAt >= TestIssuer.now,
        "accepted, but it should not be"
    )
    require(verified.audiences.contains("api"), "a token for others is accepted")
    var changed = token
    for place in stride(from: 0, to: token.count, by: max(token.count / 7, 1)) {
        changed[place] = token[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
        require(changed.withUnsafeBytes(accepted) == nil, "a changed token is accepted")
        changed[place] = token[place]
    }
    require((token + [UInt8(ascii: "=")]).withUnsafeBytes(accepted) == nil, "a padded token is accepted")
    return 0
}

private enum TestIssuer {
    static let name = "https://issuer.example"
    static let now: Int64 = 1_800_000_000
    static let secret = [UInt8](repeating: 0x6B, count: 64)
    static let verifier: TokenVerifier = {
        let keys = #"{"keys":[{"kty":"oct","alg":"HS256","kid":"1","k":"\#(Base64URL.encode(secret))"}]}"#
        guard let set = try? JSONWebKeySet(parsing: Array(keys.utf8), allowsSecrets: true), set.keys.count == 1 else {
            fatalError("the key set of the fuzzer is bad")
        }
        return TokenVerifier(issuers: [TokenIssuer(issuer: name, keys: .available(set), audiences: ["api"])])
    }()
    static let key = HMACKey(SecretBytes(copying: secret), digest: .sha256)
}

private func accepted(_ token: UnsafeRawBufferPointer) -> VerifiedToken? {
    do throws(TokenRefusal) {
        return try TestIssuer.verifier.verify(token, at: TestIssuer.now)
    } catch {
        // RFC 6750 §3: what may stand in a quoted error_description.
        let isAllowed = error.description.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }
        require(isAllowed, "a description with other characters: \(error.description)")
        return nil
    }
}

private func signed(header: [UInt8], claims: [UInt8]) -> [UInt8] {
    let signingInput = Array((Base64URL.encode(header) + "." + Base64URL.encode(claims)).utf8)
    let signature = signingInput.withUnsafeBytes { TestIssuer.key.authenticationCode(of: $0) }
    return signingInput + Array(("." + Base64URL.encode(signature)).utf8)
}
