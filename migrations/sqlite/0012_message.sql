-- seq is the place in the chat's stream. A deleted message keeps its row, without text and payload.
CREATE TABLE message (
    id INTEGER NOT NULL PRIMARY KEY,
    chat_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    author_id INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    text TEXT,
    payload TEXT,
    client_id BLOB,
    sent_at INTEGER NOT NULL,
    edited_at INTEGER,
    deleted_at INTEGER
) STRICT;
