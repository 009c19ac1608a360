-- Webhooks that tell programs about events: of one chat, or of all chats of a bot. The signing secret is derived from
-- the server's secret, the id and the number of the secret.
CREATE TABLE outgoing_webhook (
    id BIGINT NOT NULL PRIMARY KEY,
    chat_id BIGINT,
    bot_id BIGINT,
    creator_id BIGINT NOT NULL,
    name VARCHAR(255) NOT NULL,
    url VARCHAR(2048) NOT NULL,
    events VARCHAR(1024) NOT NULL,
    secret_number BIGINT NOT NULL,
    rotated_at BIGINT,
    created_at BIGINT NOT NULL,
    failing_since BIGINT,
    disabled_at BIGINT,
    disabled_reason TEXT,
    INDEX outgoing_webhook_chat (chat_id),
    INDEX outgoing_webhook_bot (bot_id)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
