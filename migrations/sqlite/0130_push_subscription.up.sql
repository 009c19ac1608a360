-- A device that is sent pushes: an endpoint of a push service, and the keys with which its pushes are encrypted (RFC 8291).
-- It ends with its session. Its pushes are paused until quiet_until, and contain only ids if hides_content.
CREATE TABLE push_subscription (
    id INTEGER NOT NULL PRIMARY KEY,
    user_id INTEGER NOT NULL,
    session_id INTEGER NOT NULL UNIQUE,
    endpoint TEXT NOT NULL,
    endpoint_hash BLOB NOT NULL UNIQUE,
    public_key BLOB NOT NULL,
    auth_secret BLOB NOT NULL,
    hides_content INTEGER NOT NULL DEFAULT 0,
    quiet_until INTEGER,
    created_at INTEGER NOT NULL
) STRICT;
