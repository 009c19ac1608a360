-- Chats whose messages are kept although the server deletes old messages. For how many days it keeps them is in setting.
CREATE TABLE retention_exemption (
    chat_id BIGINT NOT NULL PRIMARY KEY
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
