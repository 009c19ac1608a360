-- kind: a sign-in, or a personal access token, which is a session that is not renewed and is known by its SHA-256.
CREATE TABLE session (
    id INTEGER NOT NULL PRIMARY KEY,
    user_id INTEGER NOT NULL,
    device TEXT,
    address TEXT,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    kind INTEGER NOT NULL DEFAULT 1,
    scopes INTEGER NOT NULL DEFAULT 0,
    token_hash BLOB UNIQUE
) STRICT;
