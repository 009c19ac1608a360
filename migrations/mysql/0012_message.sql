-- seq is the place in the chat's stream. A deleted message keeps its row, without text and payload.
CREATE TABLE message (
    id BIGINT NOT NULL PRIMARY KEY,
    chat_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    author_id BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    text MEDIUMTEXT,
    payload MEDIUMTEXT,
    client_id BINARY(16),
    sent_at BIGINT NOT NULL,
    edited_at BIGINT,
    deleted_at BIGINT
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
