CREATE TABLE idempotency_key_by_fingerprint (
    fingerprint BLOB NOT NULL PRIMARY KEY,
    body BLOB NOT NULL,
    status INTEGER NOT NULL,
    subject TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO idempotency_key_by_fingerprint (fingerprint, body, status, subject, at)
    SELECT fingerprint, body, status, subject, at FROM idempotency_key ORDER BY fingerprint;
DROP TABLE idempotency_key;
ALTER TABLE idempotency_key_by_fingerprint RENAME TO idempotency_key;
CREATE INDEX idempotency_key_by_age ON idempotency_key (at);
