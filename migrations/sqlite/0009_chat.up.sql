-- pair is "lower:higher" of a private chat's two members, so that a pair never has two chats; of saved messages it is
-- "one:one". kind: 1 private, 2 group, 3 channel, 4 saved messages. message_life: milliseconds until what is said disappears.
CREATE TABLE chat (
    id INTEGER NOT NULL PRIMARY KEY,
    kind INTEGER NOT NULL,
    title TEXT NOT NULL,
    title_folded TEXT NOT NULL,
    description TEXT,
    avatar_id BLOB,
    pair TEXT UNIQUE,
    code TEXT UNIQUE,
    is_read_only INTEGER NOT NULL DEFAULT 0,
    message_life INTEGER,
    member_count INTEGER NOT NULL DEFAULT 0,
    creator_id INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;
