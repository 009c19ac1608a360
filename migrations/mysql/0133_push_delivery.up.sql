-- Pushes to send: one for a message and a subscription. due_at: when it is tried next; whoever tries it moves this first, so
-- that no other node tries it meanwhile. is_deferred: its recipient was active when the message came.
CREATE TABLE push_delivery (
    subscription_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    is_deferred BIGINT NOT NULL DEFAULT 0,
    is_addressed BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (subscription_id, message_id)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
