-- Messages whose senders were gone before they could be answered, by what is alike when the same is sent once more.
CREATE TABLE unheard (
    fingerprint BLOB NOT NULL PRIMARY KEY,
    message_id INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
