import Bytes
import Crypto
import JSON

/// The keys of one issuer (RFC 7517 §5).
package struct JSONWebKeySet: Sendable {
    /// The keys that can be used.
    package let keys: [JSONWebKey]
    /// The members that cannot, with the reason; RFC 7517 §5 lets the others go on.
    package let unusable: [UnusableKey]

    /// A member of a set that is not used.
    package struct UnusableKey: Sendable, Equatable {
        package let index: Int
        package let keyID: String?
        package let fault: JSONWebKeyFault
    }

    /// How many members a set may have.
    package static let maximumCount = 256

    /// A set of these keys.
    package init(keys: [JSONWebKey]) {
        self.keys = keys
        unusable = []
    }

    /// Reads a set.
    ///
    /// - Parameter allowsSecrets: whether `oct` keys count; only for a file that the operator wrote.
    /// - Throws: where the text as a whole is no key set; a member that cannot be used goes to `unusable`.
    package init(parsing text: UnsafeRawBufferPointer, allowsSecrets: Bool) throws(JSONWebKeySetError) {
        let document: JSONNode
        do throws(JSONError) {
            document = try JSONParser.parse(text, maximumDepth: 16)
        } catch {
            throw .notJSON(error)
        }
        guard let members = document["keys"]?.array else { throw .notAKeySet }
        guard members.count <= Self.maximumCount else { throw .tooManyKeys(limit: Self.maximumCount) }
        var keys: [JSONWebKey] = []
        var unusable: [UnusableKey] = []
        for (index, member) in members.enumerated() {
            do throws(JSONWebKeyFault) {
                let key = try JSONWebKey(member, allowsSecrets: allowsSecrets)
                guard !keys.contains(where: { $0.collides(with: key) }) else { throw .repeatedKeyID }
                keys.append(key)
            } catch {
                unusable.append(UnusableKey(index: index, keyID: member["kid"]?.string, fault: error))
            }
        }
        self.keys = keys
        self.unusable = unusable
    }

    package init(parsing text: [UInt8], allowsSecrets: Bool) throws(JSONWebKeySetError) {
        let result: Result<JSONWebKeySet, JSONWebKeySetError> = text.withUnsafeBytes { bytes in
            do throws(JSONWebKeySetError) {
                return .success(try JSONWebKeySet(parsing: bytes, allowsSecrets: allowsSecrets))
            } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }

    /// The set as JSON, for everyone to read; shared secrets are left out.
    package func publicJSON() -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.name("keys")
        writer.beginArray()
        for key in keys {
            guard case .publicKey(let publicKey) = key.material else { continue }
            writer.beginObject()
            writer.member("use", "sig")
            if let keyID = key.keyID { writer.member("kid", keyID) }
            if let algorithm = key.algorithm { writer.member("alg", algorithm.name) }
            writer.members(of: publicKey.components)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }
}

/// Why a text is no key set at all.
package enum JSONWebKeySetError: Error, Equatable, Sendable {
    case notJSON(JSONError)
    /// It is JSON, but no object with an array `keys`.
    case notAKeySet
    case tooManyKeys(limit: Int)
}

extension JSONWebKeySetError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notJSON(let error):
            "line \(error.position.line), column \(error.position.column): \(error)"
        case .notAKeySet: "it is no key set: an object with an array \"keys\" (RFC 7517 §5)"
        case .tooManyKeys(let limit): "it has more than \(limit) keys"
        }
    }
}

extension JSONWebKey {
    /// Whether a token could not tell the two apart.
    fileprivate func collides(with other: JSONWebKey) -> Bool {
        guard let name = other.keyID else { return false }
        return isNamed(name) && family == other.family
    }
}

extension JSONWriter {
    fileprivate mutating func members(of components: PublicKeyComponents) {
        switch components {
        case .rsa(let modulus, let exponent):
            member("kty", "RSA")
            member("n", Base64URL.encode(modulus))
            member("e", Base64URL.encode(exponent))
        case .ellipticCurve(let curve, let x, let y):
            member("kty", "EC")
            member("crv", curve.rawValue)
            member("x", Base64URL.encode(x))
            member("y", Base64URL.encode(y))
        case .ed25519(let bytes):
            member("kty", "OKP")
            member("crv", "Ed25519")
            member("x", Base64URL.encode(bytes))
        }
    }
}
