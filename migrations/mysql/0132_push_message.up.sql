-- New messages whose recipients were not chosen yet.
CREATE TABLE push_message (
    message_id BIGINT NOT NULL PRIMARY KEY
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
