CREATE TABLE block (
    user_id BIGINT NOT NULL,
    blocked_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (user_id, blocked_id)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
