ALTER TABLE message DROP COLUMN request_key;
