-- Deleted for one person only.
CREATE TABLE hidden_message (
    user_id INTEGER NOT NULL,
    chat_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    PRIMARY KEY (user_id, chat_id, seq)
) STRICT, WITHOUT ROWID;
