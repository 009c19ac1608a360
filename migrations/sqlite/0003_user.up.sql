-- The folded columns hold what names and addresses are compared by. A deleted account keeps its row, without a name.
CREATE TABLE user (
    id INTEGER NOT NULL PRIMARY KEY,
    email TEXT,
    email_folded TEXT UNIQUE,
    username TEXT,
    username_folded TEXT UNIQUE,
    password_hash TEXT NOT NULL,
    display_name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    avatar_url TEXT,
    avatar_id BLOB,
    about TEXT,
    time_zone TEXT,
    language TEXT,
    hides_presence INTEGER NOT NULL DEFAULT 0,
    hides_reading INTEGER NOT NULL DEFAULT 0,
    is_admin INTEGER NOT NULL DEFAULT 0,
    is_bot INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER,
    deactivated_at INTEGER,
    deleted_at INTEGER
) STRICT;
