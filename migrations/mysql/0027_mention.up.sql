-- Who is meant by a message; user_id 0 is everybody in the chat.
CREATE TABLE mention (
    user_id BIGINT NOT NULL,
    chat_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    author_id BIGINT NOT NULL,
    PRIMARY KEY (user_id, chat_id, seq)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
