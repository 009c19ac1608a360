-- Deliveries of outgoing webhooks: those to be sent, and the log of those that were sent or given up. While next_at
-- is set, another try is due then; a node that sends one first moves it into the future.
CREATE TABLE webhook_delivery (
    id INTEGER NOT NULL PRIMARY KEY,
    webhook_id INTEGER NOT NULL,
    event TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    next_at INTEGER,
    attempts INTEGER NOT NULL,
    attempted_at INTEGER,
    delivered_at INTEGER,
    status INTEGER,
    failure TEXT
) STRICT;
CREATE INDEX webhook_delivery_webhook ON webhook_delivery (webhook_id, id);
CREATE INDEX webhook_delivery_next ON webhook_delivery (next_at);
