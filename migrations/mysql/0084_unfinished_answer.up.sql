-- Answers of the assistant that are being written. One that is not finished in time is taken away.
CREATE TABLE unfinished_answer (
    message_id BIGINT NOT NULL PRIMARY KEY,
    chat_id BIGINT NOT NULL,
    until BIGINT NOT NULL
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
