-- Where an attachment stands: whoever is in the chat may read it.
CREATE TABLE posted (
    attachment_id BLOB NOT NULL,
    message_id INTEGER NOT NULL,
    chat_id INTEGER NOT NULL,
    PRIMARY KEY (attachment_id, message_id)
) STRICT, WITHOUT ROWID;
