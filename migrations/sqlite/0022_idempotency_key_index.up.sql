CREATE INDEX idempotency_key_by_age ON idempotency_key (at);
