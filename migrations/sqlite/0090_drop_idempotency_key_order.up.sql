-- Keys in the order of time: those of a batch are written to one page. The server remembers which keys were used.
CREATE TABLE idempotency_key_by_time (
    at INTEGER NOT NULL,
    fingerprint BLOB NOT NULL,
    body BLOB NOT NULL,
    status INTEGER NOT NULL,
    subject TEXT NOT NULL,
    PRIMARY KEY (at, fingerprint)
) STRICT, WITHOUT ROWID;
INSERT INTO idempotency_key_by_time (at, fingerprint, body, status, subject)
    SELECT at, fingerprint, body, status, subject FROM idempotency_key ORDER BY at, fingerprint;
DROP TABLE idempotency_key;
ALTER TABLE idempotency_key_by_time RENAME TO idempotency_key;
