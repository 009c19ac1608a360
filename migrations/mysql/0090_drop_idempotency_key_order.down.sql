ALTER TABLE idempotency_key
    DROP PRIMARY KEY,
    ADD PRIMARY KEY (fingerprint),
    DROP INDEX idempotency_key_by_fingerprint,
    ADD INDEX idempotency_key_by_age (at);
