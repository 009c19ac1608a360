-- New messages whose recipients were not chosen yet.
CREATE TABLE push_message (
    message_id INTEGER NOT NULL PRIMARY KEY
) STRICT;
