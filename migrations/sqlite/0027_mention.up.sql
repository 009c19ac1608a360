-- Who is meant by a message; user_id 0 is everybody in the chat.
CREATE TABLE mention (
    user_id INTEGER NOT NULL,
    chat_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    author_id INTEGER NOT NULL,
    PRIMARY KEY (user_id, chat_id, seq)
) STRICT, WITHOUT ROWID;
