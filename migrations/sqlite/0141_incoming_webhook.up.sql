-- Webhooks by which programs post in a chat. The account is the author of their messages. Only the SHA-256 of the
-- secret in the URL is stored.
CREATE TABLE incoming_webhook (
    id INTEGER NOT NULL PRIMARY KEY,
    chat_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    creator_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    secret_hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;
CREATE UNIQUE INDEX incoming_webhook_secret ON incoming_webhook (secret_hash);
CREATE INDEX incoming_webhook_chat ON incoming_webhook (chat_id);
