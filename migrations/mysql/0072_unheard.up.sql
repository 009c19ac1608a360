-- Messages whose senders were gone before they could be answered, by what is alike when the same is sent once more.
CREATE TABLE unheard (
    fingerprint BINARY(16) NOT NULL PRIMARY KEY,
    message_id BIGINT NOT NULL,
    at BIGINT NOT NULL
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
