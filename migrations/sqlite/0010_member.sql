-- joined_seq: the place in the stream at which they came. read_seq: everything up to there is read. hidden_seq: the chat is hidden until something newer.
CREATE TABLE member (
    chat_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    role INTEGER NOT NULL,
    joined_at INTEGER NOT NULL,
    joined_seq INTEGER NOT NULL,
    read_seq INTEGER NOT NULL,
    hidden_seq INTEGER,
    PRIMARY KEY (chat_id, user_id)
) STRICT, WITHOUT ROWID;
