-- Requests that were carried out, by the fingerprint of caller, route and Idempotency-Key.
CREATE TABLE idempotency_key (
    fingerprint BINARY(16) NOT NULL PRIMARY KEY,
    body BINARY(16) NOT NULL,
    status BIGINT NOT NULL,
    subject VARCHAR(64) NOT NULL,
    at BIGINT NOT NULL
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
