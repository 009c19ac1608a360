-- seq is the place in the chat's stream. A deleted message keeps its row, without text and payload.
-- thread_id: the message that began the thread. origin: of a forwarded message, where it was said first (JSON).
-- parts: which other tables hold something of it (bits, model::Parts), so that most are read in one question.
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
    deleted_at INTEGER,
    parts INTEGER NOT NULL DEFAULT 0,
    reply_to INTEGER,
    thread_id INTEGER,
    origin TEXT,
    is_silent INTEGER NOT NULL DEFAULT 0,
    expires_at INTEGER,
    pinned_at INTEGER
) STRICT;
