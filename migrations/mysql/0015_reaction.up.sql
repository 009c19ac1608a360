CREATE TABLE reaction (
    message_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    emoji VARCHAR(64) NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (message_id, emoji, user_id)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
