-- Up to which event of each chat deliveries of an outgoing webhook were made.
CREATE TABLE webhook_cursor (
    webhook_id INTEGER NOT NULL,
    chat_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (webhook_id, chat_id)
) STRICT;
