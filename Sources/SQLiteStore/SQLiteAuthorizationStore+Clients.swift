import Foundation
import GRDB
import JWT
import OAuthServer

extension SQLiteAuthorizationStore {
    package func clients() async throws(StoreError) -> [OAuthClient] {
        try read { database in
            try database.all("SELECT \(OAuthClient.columns) FROM oauth_client", [], OAuthClient.init(row:))
        }
    }

    package func client(_ id: String) async throws(StoreError) -> OAuthClient? {
        try read { database in
            try database.first(
                "SELECT \(OAuthClient.columns) FROM oauth_client WHERE client_id = ?",
                [id.blob],
                OAuthClient.init(row:)
            )
        }
    }

    package func insertClient(_ client: OAuthClient) async throws(StoreError) -> Bool {
        try await write { database in
            try database.run(
                """
                INSERT INTO oauth_client (\(OAuthClient.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT DO NOTHING
                """,
                [
                    client.id.blob, client.name?.blob, client.authenticationMethod.rawValue,
                    client.secretHash.map { Data($0) }, TextList.encoded(client.redirectURIs),
                    TextList.encoded(client.grantTypes.map(\.rawValue).sorted()), TextList.encoded(client.scopes),
                    TextList.encoded(client.requiredScopes), client.mayIntrospect, client.idTokenAlgorithm,
                    TextList.encoded(client.postLogoutRedirectURIs), client.createdAt,
                ]
            ) == 1
        }
    }

    package func replaceClientSecret(_ id: String, hash: [UInt8]) async throws(StoreError) -> Bool {
        try await write { database in
            try database.run("UPDATE oauth_client SET secret_hash = ? WHERE client_id = ?", [Data(hash), id.blob]) == 1
        }
    }

    package func removeClient(_ id: String, at unixTime: Int64) async throws(StoreError) -> [Revocation]? {
        try await write { database in
            guard try database.run("DELETE FROM oauth_client WHERE client_id = ?", [id.blob]) == 1 else { return nil }
            try database.run("DELETE FROM consent WHERE client_id = ?", [id.blob])
            return try database.endGrants(.ofClient(id), at: unixTime).map(\.revocation)
        }
    }
}

extension OAuthClient {
    fileprivate static let columns = """
        client_id, name, authentication_method, secret_hash, redirect_uris, grant_types, scopes, required_scopes, \
        may_introspect, id_token_algorithm, post_logout_redirect_uris, created_at
        """

    fileprivate init(row: Row) throws {
        let methodName: String = row[2]
        guard let method = AuthenticationMethod(rawValue: methodName) else {
            throw StoreError.corrupt("a client has the authentication method \(methodName)")
        }
        self.init(
            id: row.text(0),
            name: row.optionalText(1),
            authenticationMethod: method,
            secretHash: row.bytes(3),
            redirectURIs: row.list(4),
            // What a newer version may know besides is not for this one to accept.
            grantTypes: Set(row.list(5).compactMap(GrantType.init(rawValue:))),
            scopes: row.list(6),
            requiredScopes: row.list(7),
            mayIntrospect: row.flag(8),
            idTokenAlgorithm: row[9],
            postLogoutRedirectURIs: row.list(10),
            createdAt: row.integer(11)
        )
    }
}
