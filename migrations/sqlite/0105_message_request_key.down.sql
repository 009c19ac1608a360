INSERT OR IGNORE INTO idempotency_key (at, fingerprint, body, status, subject)
    SELECT sent_at, substr(request_key, 1, 16), substr(request_key, 17, 16),
        CAST(CAST(substr(request_key, 33) AS TEXT) AS INTEGER), 'message:' || id
    FROM message WHERE request_key IS NOT NULL;
ALTER TABLE message DROP COLUMN request_key;
