ALTER TABLE user DROP COLUMN email_proof;
