-- Deliveries of outgoing webhooks: those to be sent, and the log of those that were sent or given up. While next_at
-- is set, another try is due then; a node that sends one first moves it into the future.
CREATE TABLE webhook_delivery (
    id BIGINT NOT NULL PRIMARY KEY,
    webhook_id BIGINT NOT NULL,
    event VARCHAR(64) NOT NULL,
    body MEDIUMTEXT NOT NULL,
    created_at BIGINT NOT NULL,
    next_at BIGINT,
    attempts BIGINT NOT NULL,
    attempted_at BIGINT,
    delivered_at BIGINT,
    status BIGINT,
    failure TEXT,
    INDEX webhook_delivery_webhook (webhook_id, id),
    INDEX webhook_delivery_next (next_at)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
