-- Up to which event of each chat deliveries of an outgoing webhook were made.
CREATE TABLE webhook_cursor (
    webhook_id BIGINT NOT NULL,
    chat_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (webhook_id, chat_id)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
