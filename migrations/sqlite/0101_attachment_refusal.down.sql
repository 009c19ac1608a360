ALTER TABLE attachment DROP COLUMN refusal_reason;
ALTER TABLE attachment DROP COLUMN refusal_code;
