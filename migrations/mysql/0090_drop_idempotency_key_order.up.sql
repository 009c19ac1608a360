-- Keys in the order of time. Nodes share the database, so it is the index that refuses a key that was used.
ALTER TABLE idempotency_key
    DROP PRIMARY KEY,
    ADD PRIMARY KEY (at, fingerprint),
    ADD UNIQUE INDEX idempotency_key_by_fingerprint (fingerprint),
    DROP INDEX idempotency_key_by_age;
