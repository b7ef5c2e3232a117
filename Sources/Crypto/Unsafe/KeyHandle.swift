import COpenSSL

/// Owns one `EVP_PKEY`, public or private.
// SAFETY: a key is not changed after it was made; OpenSSL counts its references atomically and guards what it caches
// in it with locks of its own, so that several threads may use it at once.
final class KeyHandle: @unchecked Sendable {
    let pointer: OpaquePointer

    /// Takes over the caller's reference.
    init(owning pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        EVP_PKEY_free(pointer)
    }

    /// Makes a public key from its numbers, which were checked before.
    /// - Throws: `malformedKey` where OpenSSL finds them wrong, such as a point that is not on its curve.
    static func make(_ components: PublicKeyComponents) throws(CryptoError) -> KeyHandle {
        switch components {
        case .rsa(let modulus, let exponent):
            return try fromData("RSA") { (builder: KeyParameters) in
                builder.append(number: modulus, name: "n")
                    && builder.append(number: exponent, name: "e")
            }
        case .ellipticCurve(let curve, let x, let y):
            let handle = try fromData("EC") { (builder: KeyParameters) in
                builder.append(text: curve.rawValue, name: "group")
                    && builder.append(bytes: [4] + x + y, name: "pub")
            }
            try handle.checkPoint()
            return handle
        case .ed25519(let bytes):
            guard let pointer = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, bytes, bytes.count) else {
                ERR_clear_error()
                throw .malformedKey
            }
            return KeyHandle(owning: pointer)
        }
    }

    /// The numbers of the public half.
    /// - Throws: `unsupportedKey` for a type or curve that Gatehouse does not use.
    func publicComponents() throws(CryptoError) -> PublicKeyComponents {
        switch EVP_PKEY_get_base_id(pointer) {
        case EVP_PKEY_RSA:
            return .rsa(
                modulus: try number(OSSL_PKEY_PARAM_RSA_N),
                exponent: try number(OSSL_PKEY_PARAM_RSA_E)
            )
        case EVP_PKEY_EC:
            let curve = try ellipticCurve()
            let size = curve.coordinateSize
            return .ellipticCurve(
                curve,
                x: try number(OSSL_PKEY_PARAM_EC_PUB_X, size: size),
                y: try number(OSSL_PKEY_PARAM_EC_PUB_Y, size: size)
            )
        case EVP_PKEY_ED25519:
            var bytes = [UInt8](repeating: 0, count: 32)
            var size = bytes.count
            guard EVP_PKEY_get_raw_public_key(pointer, &bytes, &size) == 1, size == 32 else {
                throw .fromLibrary("EVP_PKEY_get_raw_public_key")
            }
            return .ed25519(bytes)
        default:
            throw .unsupportedKey
        }
    }

    private func checkPoint() throws(CryptoError) {
        guard let context = EVP_PKEY_CTX_new(pointer, nil) else { throw .fromLibrary("EVP_PKEY_CTX_new") }
        defer { EVP_PKEY_CTX_free(context) }
        guard EVP_PKEY_public_check(context) == 1 else {
            ERR_clear_error()
            throw .malformedKey
        }
    }

    private func ellipticCurve() throws(CryptoError) -> EllipticCurve {
        var name = [CChar](repeating: 0, count: 64)
        guard EVP_PKEY_get_group_name(pointer, &name, name.count, nil) == 1 else {
            throw .fromLibrary("EVP_PKEY_get_group_name")
        }
        let group = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        switch group {
        case "prime256v1", "P-256": return .p256
        case "secp384r1", "P-384": return .p384
        case "secp521r1", "P-521": return .p521
        default: throw .unsupportedKey
        }
    }

    /// A number of the key, big-endian: as short as it can be, or padded to `size`.
    private func number(_ name: UnsafePointer<CChar>, size: Int? = nil) throws(CryptoError) -> [UInt8] {
        var number: OpaquePointer?
        guard EVP_PKEY_get_bn_param(pointer, name, &number) == 1, let number else {
            throw .fromLibrary("EVP_PKEY_get_bn_param")
        }
        defer { BN_free(number) }
        let length = size ?? Int(BN_num_bits(number) + 7) / 8
        var bytes = [UInt8](repeating: 0, count: length)
        guard BN_bn2binpad(number, &bytes, Int32(length)) == Int32(length) else { throw .malformedKey }
        return bytes
    }

    private static func fromData(
        _ type: String,
        _ fill: (KeyParameters) -> Bool
    ) throws(CryptoError) -> KeyHandle {
        let parameters = KeyParameters()
        guard fill(parameters), let list = parameters.list(),
            let context = EVP_PKEY_CTX_new_from_name(nil, type, nil)
        else { throw .fromLibrary("OSSL_PARAM_BLD") }
        defer {
            OSSL_PARAM_free(list)
            EVP_PKEY_CTX_free(context)
        }
        var pointer: OpaquePointer?
        guard EVP_PKEY_fromdata_init(context) == 1,
            EVP_PKEY_fromdata(context, &pointer, COpenSSL_PUBLIC_KEY_SELECTION(), list) == 1, let pointer
        else {
            ERR_clear_error()
            throw .malformedKey
        }
        return KeyHandle(owning: pointer)
    }
}

/// Collects the parameters of a key; what the builder refers to lives as long as this does.
private final class KeyParameters {
    private let builder = OSSL_PARAM_BLD_new()
    private var numbers: [OpaquePointer?] = []
    private var copies: [UnsafeMutableBufferPointer<CChar>] = []

    deinit {
        OSSL_PARAM_BLD_free(builder)
        for number in numbers { BN_free(number) }
        for copy in copies { copy.deallocate() }
    }

    func append(number bytes: [UInt8], name: StaticString) -> Bool {
        let number = BN_bin2bn(bytes, Int32(bytes.count), nil)
        numbers.append(number)
        return number != nil && OSSL_PARAM_BLD_push_BN(builder, name.parameterName, number) == 1
    }

    func append(text: String, name: StaticString) -> Bool {
        let copy = keep(Array(text.utf8))
        return OSSL_PARAM_BLD_push_utf8_string(builder, name.parameterName, copy.baseAddress, copy.count) == 1
    }

    func append(bytes: [UInt8], name: StaticString) -> Bool {
        let copy = keep(bytes)
        return OSSL_PARAM_BLD_push_octet_string(builder, name.parameterName, copy.baseAddress, copy.count) == 1
    }

    /// A list with copies of all values, owned by the caller.
    func list() -> UnsafeMutablePointer<OSSL_PARAM>? {
        withExtendedLifetime(self) { OSSL_PARAM_BLD_to_param(builder) }
    }

    private func keep(_ bytes: [UInt8]) -> UnsafeMutableBufferPointer<CChar> {
        let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: bytes.count)
        _ = copy.initialize(from: bytes.lazy.map { CChar(bitPattern: $0) })
        copies.append(copy)
        return copy
    }
}

extension StaticString {
    /// The name of an OpenSSL parameter, which keeps the pointer: a string's own bytes could move or go.
    var parameterName: UnsafePointer<CChar> {
        UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self)
    }
}
