-- service, service_id: what it is about in the application around it.
CREATE TABLE chat_topic (
    chat_id BIGINT NOT NULL PRIMARY KEY,
    service VARCHAR(100) NOT NULL,
    service_id VARCHAR(190)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
