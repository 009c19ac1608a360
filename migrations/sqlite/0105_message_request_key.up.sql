-- The idempotency key of the request that posted it: fingerprint, digest of the body, HTTP status. Only SQLite has it
-- here; nodes that share a database find keys by the index of idempotency_key.
ALTER TABLE message ADD COLUMN request_key BLOB;
