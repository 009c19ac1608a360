-- Webhooks that tell programs about events: of one chat, or of all chats of a bot. The signing secret is derived from
-- the server's secret, the id and the number of the secret.
CREATE TABLE outgoing_webhook (
    id INTEGER NOT NULL PRIMARY KEY,
    chat_id INTEGER,
    bot_id INTEGER,
    creator_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    events TEXT NOT NULL,
    secret_number INTEGER NOT NULL,
    rotated_at INTEGER,
    created_at INTEGER NOT NULL,
    failing_since INTEGER,
    disabled_at INTEGER,
    disabled_reason TEXT
) STRICT;
CREATE INDEX outgoing_webhook_chat ON outgoing_webhook (chat_id);
CREATE INDEX outgoing_webhook_bot ON outgoing_webhook (bot_id);
