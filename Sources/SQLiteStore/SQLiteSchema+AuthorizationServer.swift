extension SQLiteSchema {
    /// Clients, users, codes, grants, sessions, consents.
    ///
    /// A list is one blob, see `TextList`. A grant and its refresh family are one row, so that a rotation changes one page;
    /// for the same reason no index has a column that a rotation changes: `sweep_after` is when to look whether the grant has
    /// ended, and is only moved by looking.
    static let authorizationServer = """
        CREATE TABLE oauth_client (
            client_id BLOB NOT NULL PRIMARY KEY,
            name BLOB,
            authentication_method TEXT NOT NULL,
            secret_hash BLOB,
            redirect_uris BLOB NOT NULL,
            grant_types BLOB NOT NULL,
            scopes BLOB NOT NULL,
            required_scopes BLOB NOT NULL,
            may_introspect INTEGER NOT NULL,
            id_token_algorithm TEXT NOT NULL,
            post_logout_redirect_uris BLOB NOT NULL,
            created_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE oauth_user (
            name BLOB NOT NULL PRIMARY KEY,
            email BLOB,
            full_name BLOB,
            password_hash BLOB NOT NULL,
            restricted_scopes BLOB NOT NULL,
            is_disabled INTEGER NOT NULL,
            created_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE authorization_code (
            hash BLOB NOT NULL PRIMARY KEY,
            client_id BLOB NOT NULL,
            redirect_uri BLOB NOT NULL,
            redirect_uri_was_sent INTEGER NOT NULL,
            user_name BLOB NOT NULL,
            scopes BLOB NOT NULL,
            resource BLOB NOT NULL,
            nonce BLOB,
            code_challenge BLOB,
            authenticated_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            -- The grant it was used for; NULL while it is unused.
            grant_id BLOB
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX authorization_code_expiry ON authorization_code (expires_at);

        CREATE TABLE oauth_grant (
            grant_id BLOB NOT NULL UNIQUE,
            user_name BLOB,
            client_id BLOB NOT NULL,
            scopes BLOB NOT NULL,
            resource BLOB NOT NULL,
            created_at INTEGER NOT NULL,
            last_used_at INTEGER NOT NULL,
            authenticated_at INTEGER,
            tokens_expire_at INTEGER NOT NULL,
            -- Of a client that acts for itself: SHA-256 of what the grant is looked up by.
            client_key BLOB,
            family_id BLOB UNIQUE,
            generation INTEGER,
            rotated_at INTEGER,
            idle_expires_at INTEGER,
            absolute_expires_at INTEGER,
            sweep_after INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX oauth_grant_user ON oauth_grant (user_name) WHERE user_name IS NOT NULL;
        CREATE INDEX oauth_grant_client ON oauth_grant (client_id);
        CREATE INDEX oauth_grant_client_key ON oauth_grant (client_key) WHERE client_key IS NOT NULL;
        CREATE INDEX oauth_grant_sweep ON oauth_grant (sweep_after);

        CREATE TABLE browser_session (
            id_hash BLOB NOT NULL PRIMARY KEY,
            user_name BLOB NOT NULL,
            authenticated_at INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            last_seen_at INTEGER NOT NULL,
            user_agent BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX browser_session_user ON browser_session (user_name);

        CREATE TABLE consent (
            user_name BLOB NOT NULL,
            client_id BLOB NOT NULL,
            scopes BLOB NOT NULL,
            granted_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            PRIMARY KEY (user_name, client_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX consent_expiry ON consent (expires_at);
        """
}
