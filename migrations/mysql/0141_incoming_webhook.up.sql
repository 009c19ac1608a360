-- Webhooks by which programs post in a chat. The account is the author of their messages. Only the SHA-256 of the
-- secret in the URL is stored.
CREATE TABLE incoming_webhook (
    id BIGINT NOT NULL PRIMARY KEY,
    chat_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    creator_id BIGINT NOT NULL,
    name VARCHAR(255) NOT NULL,
    secret_hash VARBINARY(32) NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT,
    UNIQUE INDEX incoming_webhook_secret (secret_hash),
    INDEX incoming_webhook_chat (chat_id)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
