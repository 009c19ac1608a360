-- What somebody wants to say later. failure: why it could not be said when it was due; then it is not tried again.
CREATE TABLE scheduled_message (
    id BIGINT NOT NULL,
    author_id BIGINT NOT NULL,
    chat_id BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    text MEDIUMTEXT,
    payload MEDIUMTEXT,
    reply_to BIGINT,
    thread_id BIGINT,
    mentions MEDIUMTEXT,
    is_silent BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    failure VARCHAR(64),
    reason VARCHAR(500),
    PRIMARY KEY (id)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
