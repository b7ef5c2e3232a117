import Bytes
import Crypto
import JSON

/// Why a member of a key set is not used.
package enum JSONWebKeyFault: Error, Equatable, Sendable {
    case notAnObject
    case missingMember(String)
    case malformedMember(String)
    /// Its `kty` or `crv` is none that Gatehouse knows.
    case unknownKeyType
    /// Its `use` or `key_ops` says that it does not check signatures.
    case notForSignatures
    /// Its `alg` is no signature algorithm that Gatehouse knows.
    case unknownAlgorithm
    /// Its `alg` needs another type of key.
    case unsuitableAlgorithm
    /// A shared secret, where only public keys may stand.
    case secretNotAllowed
    /// It has its private half with it: whoever can read the set can sign.
    case privateKeyPublished
    case weak(bits: Int)
    case oversized(bits: Int)
    /// Its numbers are not a key.
    case malformedKey
    /// An earlier key of the set has the same `kid` and type.
    case repeatedKeyID
}

extension JSONWebKeyFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notAnObject: "it is not an object"
        case .missingMember(let name): "its member \"\(name)\" is missing"
        case .malformedMember(let name): "its member \"\(name)\" is malformed"
        case .unknownKeyType: "its type or curve is not one of RSA, P-256, P-384, P-521 and Ed25519"
        case .notForSignatures: "it is not for signatures"
        case .unknownAlgorithm: "its algorithm is not supported"
        case .unsuitableAlgorithm: "its algorithm needs another type of key"
        case .secretNotAllowed: "it is a shared secret, which is taken from a local file only"
        case .privateKeyPublished: "its private half stands beside it, so that every reader of the set could sign"
        case .weak(let bits): "\(bits) bits are too few"
        case .oversized(let bits): "\(bits) bits are too many"
        case .malformedKey: "its numbers are not a key"
        case .repeatedKeyID: "an earlier key has the same \"kid\""
        }
    }
}

extension JSONWebKey {
    /// Reads one member of a key set (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2).
    init(_ node: JSONNode, allowsSecrets: Bool) throws(JSONWebKeyFault) {
        guard node.members != nil else { throw .notAnObject }
        let type = try node.requiredText("kty")
        try Self.checkPurpose(node)
        let keyID = try node.optionalText("kid")
        let algorithm = try Self.algorithm(node)
        let material: Material
        switch type {
        case "RSA", "EC", "OKP":
            guard node["d"] == nil else { throw .privateKeyPublished }
            material = .publicKey(try Self.publicKey(node, type: type))
        case "oct":
            guard allowsSecrets else { throw .secretNotAllowed }
            material = .secret(SecretBytes(copying: try node.requiredBytes("k")))
        default:
            throw .unknownKeyType
        }
        do throws(CryptoError) {
            try self.init(keyID: keyID, algorithm: algorithm, material: material)
        } catch {
            throw JSONWebKeyFault(error)
        }
    }

    private static func publicKey(_ node: JSONNode, type: String) throws(JSONWebKeyFault) -> PublicKey {
        let components: PublicKeyComponents
        switch type {
        case "RSA":
            components = .rsa(modulus: try node.requiredBytes("n"), exponent: try node.requiredBytes("e"))
        case "EC":
            guard let curve = EllipticCurve(rawValue: try node.requiredText("crv")) else { throw .unknownKeyType }
            components = .ellipticCurve(curve, x: try node.requiredBytes("x"), y: try node.requiredBytes("y"))
        default:
            guard try node.requiredText("crv") == "Ed25519" else { throw .unknownKeyType }
            components = .ed25519(try node.requiredBytes("x"))
        }
        do throws(CryptoError) {
            return try PublicKey(components)
        } catch {
            throw JSONWebKeyFault(error)
        }
    }

    private static func algorithm(_ node: JSONNode) throws(JSONWebKeyFault) -> SignatureAlgorithm? {
        guard let name = try node.optionalText("alg") else { return nil }
        guard let algorithm = SignatureAlgorithm(name: name) else { throw .unknownAlgorithm }
        return algorithm
    }

    /// RFC 7517 §4.2 and §4.3: where the purpose is written, it must be the checking of signatures.
    private static func checkPurpose(_ node: JSONNode) throws(JSONWebKeyFault) {
        if let use = try node.optionalText("use"), use != "sig" { throw .notForSignatures }
        guard let operations = node["key_ops"] else { return }
        guard let names = operations.array else { throw .malformedMember("key_ops") }
        guard names.contains(where: { $0.string == "verify" }) else { throw .notForSignatures }
    }
}

extension JSONWebKeyFault {
    init(_ error: CryptoError) {
        switch error {
        case .weakKey(let bits): self = .weak(bits: bits)
        case .oversizedKey(let bits): self = .oversized(bits: bits)
        case .unsuitableAlgorithm: self = .unsuitableAlgorithm
        case .unsupportedKey: self = .unknownKeyType
        case .malformedKey, .notAuthentic, .malformedName, .malformedPasswordHash, .libraryFailure: self = .malformedKey
        }
    }
}

extension JSONNode {
    fileprivate func optionalText(_ name: String) throws(JSONWebKeyFault) -> String? {
        guard let member = self[name] else { return nil }
        guard let text = member.string else { throw .malformedMember(name) }
        return text
    }

    fileprivate func requiredText(_ name: String) throws(JSONWebKeyFault) -> String {
        guard let text = try optionalText(name) else { throw .missingMember(name) }
        return text
    }

    fileprivate func requiredBytes(_ name: String) throws(JSONWebKeyFault) -> [UInt8] {
        guard let bytes = Base64URL.decode(try requiredText(name)) else { throw .malformedMember(name) }
        return bytes
    }
}
