-- What people call their chats whose clients make the identifiers: everybody's names are their own.
CREATE TABLE chat_name (
    user_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    chat_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (user_id, name)
) STRICT, WITHOUT ROWID;
