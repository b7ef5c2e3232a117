import OAuthServer

extension AuthorizationStoreConformance {
    static let clients: [Check] = [
        Check("a client comes back as it was put in, on every connection") { storage in
            let full = OAuthClient(
                id: "full",
                name: "Näme \\ with\nlines",
                authenticationMethod: .secretPost,
                secretHash: [UInt8](repeating: 7, count: 32),
                redirectURIs: ["https://app.example/back", "http://127.0.0.1/cb?x=\\n"],
                grantTypes: [.authorizationCode, .refreshToken, .clientCredentials],
                scopes: ["openid", "notes:read"],
                requiredScopes: ["openid"],
                mayIntrospect: true,
                idTokenAlgorithm: "ES256",
                postLogoutRedirectURIs: ["https://app.example/bye"],
                createdAt: 12
            )
            let bare = OAuthClient(id: "bare", authenticationMethod: .none, grantTypes: [], scopes: [""])
            for client in [full, bare] {
                try expect(try await storage.store.insertClient(client), "\(client.id) is refused")
                let found = try await storage.other.client(client.id)
                try expect(found == client, "\(String(describing: found))")
            }
            let all = try await storage.store.clients().map(\.id)
            try expect(all == ["bare", "full"], "\(all)")
            try expect(try await storage.store.client("none") == nil, "there is one that nobody added")
        },
        Check("an id is taken once") { storage in
            try expect(try await storage.store.insertClient(client("a")), "the first")
            var second = client("a")
            second.name = "another"
            try expect(try await !storage.other.insertClient(second), "the second")
            try expect(try await storage.store.client("a")?.name == nil, "it replaced the first")
        },
        Check("ids are compared byte by byte") { storage in
            for id in awkwardNames {
                try expect(try await storage.store.insertClient(client(id)), "\(id.debugDescription) is taken")
            }
            for id in awkwardNames {
                let found = try await storage.store.client(id)?.id
                try expect(
                    found.map { Array($0.utf8) } == Array(id.utf8),
                    "\(id.debugDescription) became \(found ?? "nil")"
                )
            }
        },
        Check("a secret is replaced where there is a client") { storage in
            _ = try await storage.store.insertClient(client("a"))
            try expect(try await storage.store.replaceClientSecret("a", hash: [1, 2]), "it is not found")
            try expect(try await storage.other.client("a")?.secretHash == [1, 2], "it is not replaced")
            try expect(try await !storage.store.replaceClientSecret("b", hash: [3]), "one that is not there")
        },
        Check("with a client go its grants, codes and consents, and no one else's") { storage in
            let store = storage.store
            for id in ["app", "other"] { _ = try await store.insertClient(client(id)) }
            try await redeem(grant("g"), family(1, of: "g"), in: storage)
            try await redeem(grant("h", client: "other"), nil, code: 2, in: storage)
            for (hash, id) in [(UInt8(3), "app"), (4, "other")] {
                try await store.insertAuthorizationCode(code(hash, client: id))
                try await store.saveConsent(consent("ada", id))
            }
            let revoked = try await store.removeClient("app", at: 110)
            try expect(revoked?.map(\.subject) == [.grant(id: "g")], "\(String(describing: revoked))")
            try expect(try isRevoked("g", in: storage) && !isRevoked("h", in: storage), "the list of revocations")
            try expect(try await store.client("app") == nil, "the client is there")
            try expect(try await store.grants(.all).map(\.id) == ["h"], "the grants")
            try expect(try await store.refreshFamily(family(1, of: "g").id) == nil, "the family is there")
            try expect(try await store.authorizationCode(code(3).hash, at: 110) == nil, "the code is there")
            try expect(try await store.authorizationCode(code(4).hash, at: 110) != nil, "another's code is gone")
            try expect(try await store.consent(user: "ada", client: "app", at: 110) == nil, "the consent is there")
            try expect(try await store.consent(user: "ada", client: "other", at: 110) != nil, "another's is gone")
            try expect(try await store.removeClient("app", at: 110) == nil, "it was there twice")
        },
    ]
}
