-- Polls that take no more votes. Not a column of message: few messages are polls, and every message is read.
CREATE TABLE closed_poll (
    message_id BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
