-- What somebody began to write; thread_id 0: below no message. One without text was taken away: it stays for a
-- while, so that an older one does not come back.
CREATE TABLE draft (
    user_id BIGINT NOT NULL,
    chat_id BIGINT NOT NULL,
    thread_id BIGINT NOT NULL,
    text MEDIUMTEXT,
    reply_to BIGINT,
    at BIGINT NOT NULL,
    PRIMARY KEY (user_id, chat_id, thread_id)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
