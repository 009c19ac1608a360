-- seq is the place in the chat's stream. A deleted message keeps its row, without text and payload.
-- thread_id: the message that began the thread. origin: of a forwarded message, where it was said first (JSON).
-- parts: which other tables hold something of it (bits, model::Parts), so that most are read in one question.
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
    deleted_at BIGINT,
    parts BIGINT NOT NULL DEFAULT 0,
    reply_to BIGINT,
    thread_id BIGINT,
    origin TEXT,
    is_silent BIGINT NOT NULL DEFAULT 0,
    expires_at BIGINT,
    pinned_at BIGINT
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
