import Testing

@testable import Crypto

@Suite struct PasswordHashTests {
    private static let quick = PasswordHashParameters(memory: 64, iterations: 1)

    /// The reference implementation's own test (test.c, version 0x13, Argon2id).
    @Test func `the hash is the reference implementation's`() throws {
        let hash = try PasswordHash(
            of: Array("password".utf8),
            parameters: PasswordHashParameters(memory: 1 << 16, iterations: 2),
            salt: Array("somesalt".utf8)
        )
        #expect(
            hash.text
                == "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
        )
    }

    @Test func `a password matches its own hash and no other does`() throws {
        let stored = try PasswordHash(of: Array("correct horse".utf8), parameters: Self.quick).text
        let hash = try PasswordHash(stored)
        #expect(try hash.matches(Array("correct horse".utf8)))
        #expect(try !hash.matches(Array("correct horse ".utf8)))
        #expect(try !hash.matches(Array("Correct horse".utf8)))
        #expect(try !hash.matches([]))
    }

    @Test func `one password has another hash each time`() throws {
        let first = try PasswordHash(of: Array("twice".utf8), parameters: Self.quick)
        let second = try PasswordHash(of: Array("twice".utf8), parameters: Self.quick)
        #expect(first.text != second.text)
    }

    @Test func `any bytes are a password, none at all and a zero too`() throws {
        for password in [[], [0], [0, 0], Array("née".utf8), [0xFF, 0xFE]] as [[UInt8]] {
            let hash = try PasswordHash(of: password, parameters: Self.quick)
            #expect(try hash.matches(password))
            #expect(try !hash.matches(password + [0]))
        }
    }

    @Test func `a hash tells whether it was made with other parameters`() throws {
        let hash = try PasswordHash(of: [1], parameters: Self.quick)
        #expect(!hash.needsRehash(for: Self.quick))
        #expect(hash.needsRehash(for: PasswordHashParameters(memory: 64, iterations: 2)))
        #expect(hash.needsRehash(for: PasswordHashParameters()))
    }

    @Test func `without more said, it costs 19 MiB twice over`() throws {
        #expect(PasswordHashParameters() == PasswordHashParameters(memory: 19_456, iterations: 2, parallelism: 1))
    }

    @Test(arguments: [
        "",
        "password",
        "$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=16$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=4194305,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=4294967296,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=64,t=101,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=64,t=0,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=64,t=1,p=17$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=64,t=1,p=4294967295$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=64,t=1,p=0$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=7,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=064,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=+64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$t=1,m=64,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=64,t=1,p=1,x=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=64,t=1,p=1$c29tZQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaM",
        "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ=$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc$",
        "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc ",
        "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPP",
        "$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW",
    ])
    func `what is no hash, or would cost too much, is refused`(text: String) {
        #expect(throws: CryptoError.malformedPasswordHash) {
            try PasswordHash(text)
        }
    }

    @Test(arguments: 8...20)
    func `a salt of any size comes back from the text as it was`(size: Int) throws {
        let salt = SecureRandom.bytes(count: size)
        let text = try PasswordHash(of: [1], parameters: Self.quick, salt: salt).text
        #expect(PasswordHashText(text)?.salt == salt)
        #expect(try PasswordHash(text).matches([1]))
    }

    /// The thread keeps its memory from one hash to the next, whatever each needs.
    @Test func `hashes of many sizes after one another are right`() throws {
        let sizes: [UInt32] = [64, 4096, 8, 1024, 4096, 64]
        let first = try sizes.map { size in
            try PasswordHash(
                of: [1, 2],
                parameters: PasswordHashParameters(memory: size, iterations: 1),
                salt: Self.salt
            ).text
        }
        PasswordHashMemory.release()
        PasswordHashMemory.release()
        for text in first { #expect(try PasswordHash(text).matches([1, 2])) }
        #expect(first[1] == first[4] && first[0] == first[5] && Set(first).count == 4)
    }

    private static let salt = [UInt8](1...16)

    @Test func `parameters out of bounds make no hash`() {
        let parameters = [
            PasswordHashParameters(memory: 7), PasswordHashParameters(iterations: 0),
            PasswordHashParameters(parallelism: 0), PasswordHashParameters(parallelism: .max),
            PasswordHashParameters(memory: .max),
        ]
        for parameters in parameters {
            #expect(throws: CryptoError.malformedPasswordHash) { try PasswordHash(of: [1], parameters: parameters) }
        }
        #expect(throws: CryptoError.malformedPasswordHash) {
            try PasswordHash(of: [1], parameters: Self.quick, salt: [1, 2, 3])
        }
    }
}
