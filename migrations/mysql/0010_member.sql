-- joined_seq: the place in the stream at which they came. read_seq: everything up to there is read. hidden_seq: the chat is hidden until something newer.
CREATE TABLE member (
    chat_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    role BIGINT NOT NULL,
    joined_at BIGINT NOT NULL,
    joined_seq BIGINT NOT NULL,
    read_seq BIGINT NOT NULL,
    hidden_seq BIGINT,
    PRIMARY KEY (chat_id, user_id)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
