-- id: grows with time; the order of somebody's list.
CREATE TABLE bookmark (
    user_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    chat_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    note VARCHAR(1000),
    at BIGINT NOT NULL,
    PRIMARY KEY (user_id, message_id)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
