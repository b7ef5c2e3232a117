import Foundation
import GRDB
import JWT
import OAuthServer

extension SQLiteAuthorizationStore {
    package func refreshFamily(_ id: [UInt8]) async throws(StoreError) -> (family: RefreshFamily, grant: Grant)? {
        try read { try $0.refreshFamily(id) }
    }

    package func rotateRefreshToken(
        _ presentation: RefreshPresentation
    ) async throws(StoreError) -> RefreshRotation {
        try await write { database in
            guard let found = try database.refreshFamily(presentation.familyID) else { return .unknown }
            var grant = found.grant
            switch found.family.decision(about: presentation) {
            case .rotate(let family):
                grant.noteUse(at: presentation.time, tokenExpiresAt: presentation.tokenExpiresAt)
                try database.update(grant, family)
                return .rotated(family, grant)
            case .repeatSuccessor:
                grant.noteUse(at: presentation.time, tokenExpiresAt: presentation.tokenExpiresAt)
                if grant != found.grant { try database.update(grant) }
                return .repeated(found.family, grant)
            case .revoke:
                _ = try database.endGrants(.id(grant.id), at: presentation.time)
                return .reused(grant: grant, revocation: grant.revocation)
            case .expired: return .expired
            case .unknown: return .unknown
            }
        }
    }
}

extension Database {
    fileprivate func refreshFamily(_ id: [UInt8]) throws -> (family: RefreshFamily, grant: Grant)? {
        try first(
            "SELECT \(Grant.columns), \(RefreshFamily.columns) FROM oauth_grant WHERE family_id = ?",
            [Data(id)]
        ) { row in (RefreshFamily(row: row, firstColumn: 9), Grant(row: row)) }
    }

    fileprivate func update(_ grant: Grant, _ family: RefreshFamily) throws {
        try run(
            """
            UPDATE oauth_grant
            SET last_used_at = ?, tokens_expire_at = ?, generation = ?, rotated_at = ?, idle_expires_at = ?
            WHERE family_id = ?
            """,
            [
                grant.lastUsedAt, grant.tokensExpireAt, Int64(family.generation), family.rotatedAt,
                family.idleExpiresAt, Data(family.id),
            ]
        )
    }
}

extension RefreshFamily {
    static let columns = "family_id, generation, rotated_at, idle_expires_at, absolute_expires_at"

    fileprivate init(row: Row, firstColumn column: Int) {
        self.init(
            id: row.bytes(column) ?? [],
            grantID: row.text(0),
            generation: UInt32(clamping: row.integer(column + 1)),
            rotatedAt: row.integer(column + 2),
            idleExpiresAt: row.integer(column + 3),
            absoluteExpiresAt: row.integer(column + 4)
        )
    }
}
