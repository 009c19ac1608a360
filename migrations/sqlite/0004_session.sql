CREATE TABLE session (
    id INTEGER NOT NULL PRIMARY KEY,
    user_id INTEGER NOT NULL,
    device TEXT,
    address TEXT,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;
