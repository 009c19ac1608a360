-- What somebody began to write; thread_id 0: below no message. One without text was taken away: it stays for a
-- while, so that an older one does not come back.
CREATE TABLE draft (
    user_id INTEGER NOT NULL,
    chat_id INTEGER NOT NULL,
    thread_id INTEGER NOT NULL,
    text TEXT,
    reply_to INTEGER,
    at INTEGER NOT NULL,
    PRIMARY KEY (user_id, chat_id, thread_id)
) STRICT, WITHOUT ROWID;
