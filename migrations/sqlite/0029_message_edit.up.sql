-- What a message said before each edit.
CREATE TABLE message_edit (
    message_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    text TEXT,
    payload TEXT,
    at INTEGER NOT NULL,
    PRIMARY KEY (message_id, number)
) STRICT, WITHOUT ROWID;
