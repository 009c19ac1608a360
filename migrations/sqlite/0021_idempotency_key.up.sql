-- Requests that were carried out, by the fingerprint of caller, route and Idempotency-Key.
CREATE TABLE idempotency_key (
    fingerprint BLOB NOT NULL PRIMARY KEY,
    body BLOB NOT NULL,
    status INTEGER NOT NULL,
    subject TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
