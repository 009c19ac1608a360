-- Who may not come into a chat.
CREATE TABLE ban (
    chat_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    by_id BIGINT NOT NULL,
    reason VARCHAR(800),
    at BIGINT NOT NULL,
    PRIMARY KEY (chat_id, user_id)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
