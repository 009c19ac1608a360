-- Polls that take no more votes. Not a column of message: few messages are polls, and every message is read.
CREATE TABLE closed_poll (
    message_id INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT;
