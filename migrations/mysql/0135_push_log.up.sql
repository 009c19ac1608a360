-- What became of pushes, for administrators: without the message, and of the endpoint only the host.
CREATE TABLE push_log (
    id BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    service VARCHAR(255) NOT NULL,
    outcome BIGINT NOT NULL,
    status BIGINT,
    attempts BIGINT NOT NULL
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
