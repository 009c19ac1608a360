-- The web addresses in a message, in order; the preview is found by the address's SHA-256.
CREATE TABLE message_link (
    message_id INTEGER NOT NULL,
    place INTEGER NOT NULL,
    chat_id INTEGER NOT NULL,
    url TEXT NOT NULL,
    url_hash BLOB NOT NULL,
    PRIMARY KEY (message_id, place)
) STRICT, WITHOUT ROWID;
