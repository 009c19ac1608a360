-- The web addresses in a message, in order; the preview is found by the address's SHA-256.
CREATE TABLE message_link (
    message_id BIGINT NOT NULL,
    place BIGINT NOT NULL,
    chat_id BIGINT NOT NULL,
    url MEDIUMTEXT NOT NULL,
    url_hash BINARY(32) NOT NULL,
    PRIMARY KEY (message_id, place)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
