-- choice: which option, counted from 0.
CREATE TABLE poll_vote (
    message_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    choice BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (message_id, user_id, choice)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
