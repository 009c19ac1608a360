-- What people call their chats whose clients make the identifiers: everybody's names are their own.
CREATE TABLE chat_name (
    user_id BIGINT NOT NULL,
    name VARCHAR(100) NOT NULL,
    chat_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (user_id, name)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
