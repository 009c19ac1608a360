-- The folded columns hold what names and addresses are compared by.
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
    created_at INTEGER NOT NULL
) STRICT;
