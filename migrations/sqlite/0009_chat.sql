-- pair is "lower:higher" of a private chat's two members, so that a pair never has two chats.
CREATE TABLE chat (
    id INTEGER NOT NULL PRIMARY KEY,
    title TEXT NOT NULL,
    pair TEXT UNIQUE,
    creator_id INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;
