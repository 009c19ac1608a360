DROP INDEX idempotency_key_by_age;
