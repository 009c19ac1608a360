-- What somebody wants to say later. failure: why it could not be said when it was due; then it is not tried again.
CREATE TABLE scheduled_message (
    id INTEGER NOT NULL,
    author_id INTEGER NOT NULL,
    chat_id INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    text TEXT,
    payload TEXT,
    reply_to INTEGER,
    thread_id INTEGER,
    mentions TEXT,
    is_silent INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    failure TEXT,
    reason TEXT,
    PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;
