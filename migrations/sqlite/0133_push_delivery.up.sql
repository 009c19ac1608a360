-- Pushes to send: one for a message and a subscription. due_at: when it is tried next; whoever tries it moves this first, so
-- that no other node tries it meanwhile. is_deferred: its recipient was active when the message came.
CREATE TABLE push_delivery (
    subscription_id INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    is_deferred INTEGER NOT NULL DEFAULT 0,
    is_addressed INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (subscription_id, message_id)
) STRICT, WITHOUT ROWID;
