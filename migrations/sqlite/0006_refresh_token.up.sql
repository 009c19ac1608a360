-- Only the SHA-256 of a token is kept. A used one stays until its session ends: a second use is theft.
CREATE TABLE refresh_token (
    hash BLOB NOT NULL PRIMARY KEY,
    session_id INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT, WITHOUT ROWID;
