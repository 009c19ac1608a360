-- Single-use passes for a socket, known by their SHA-256.
CREATE TABLE ticket (
    hash BLOB NOT NULL PRIMARY KEY,
    session_id INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
