-- Where an attachment stands: whoever is in the chat may read it. class: 1 picture, 2 video, 3 sound, 4 anything else.
CREATE TABLE posted (
    attachment_id BLOB NOT NULL,
    message_id INTEGER NOT NULL,
    chat_id INTEGER NOT NULL,
    place INTEGER NOT NULL,
    class INTEGER NOT NULL,
    PRIMARY KEY (attachment_id, message_id)
) STRICT, WITHOUT ROWID;
